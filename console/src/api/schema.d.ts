// Made by `npm run schema`. Do not edit.
// OpenAPI document: 39f023b19968a9e625a902565dbaf995ce67cdf8649cddc729ea49cb93a0dcd0

export interface paths {
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Audit
         * @description What was done to runs, backfills, flow keys, schedules and targets of notifications, the
         *     newest first. As CSV it is all of it, up to 50,000 rows, whatever `limit` says; for older rows,
         *     set `to`.
         */
        get: operations["list_audit_api_audit_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/backfills": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Backfills
         * @description Backfills, the newest first.
         */
        get: operations["list_backfills_api_backfills_get"];
        put?: never;
        /**
         * Begin Backfill
         * @description Begin one run for each partition, at most `maxActive` of them at once; or answer what that
         *     would do.
         */
        post: operations["begin_backfill_api_backfills_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/backfills/{backfill_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Backfill
         * @description A backfill with its progress: partitions by status, and items by outcome.
         */
        get: operations["get_backfill_api_backfills__backfill_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/backfills/{backfill_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel Backfill
         * @description No further partition begins, and the runs of those that are active are cancelled.
         */
        post: operations["cancel_backfill_api_backfills__backfill_id__cancel_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/backfills/{backfill_id}/partitions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Partitions
         * @description Its partitions, in the order in which they begin, each with its run.
         */
        get: operations["list_partitions_api_backfills__backfill_id__partitions_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/backfills/{backfill_id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause Backfill
         * @description No further partition begins; the runs of those that are active go on.
         */
        post: operations["pause_backfill_api_backfills__backfill_id__pause_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/backfills/{backfill_id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume Backfill
         * @description Let partitions begin again.
         */
        post: operations["resume_backfill_api_backfills__backfill_id__resume_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/cron/welcome-placeholder": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** It is time: start a run over users, unless one is active */
        post: operations["welcome-placeholder.cron"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Events
         * @description Events, the newest first, with what each has led to, and without their data.
         */
        get: operations["list_events_api_events_get"];
        put?: never;
        /**
         * Send Events
         * @description Send one event, or a list: all are accepted, or none. They are committed, with what they ask
         *     for, before the answer.
         */
        post: operations["send_events_api_events_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events/unmatched": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Unmatched Events
         * @description Names of events that no family knew when they came, and for which no item had ever waited: by
         *     name, with how many came.
         */
        get: operations["list_unmatched_events_api_events_unmatched_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/families": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List Families */
        get: operations["list_families_api_families_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/families/{family}/coverage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Coverage
         * @description How many of the eligible items have a result, counted as by a dry run. For a family that
         *     needs params, name them.
         */
        get: operations["get_coverage_api_families__family__coverage_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/families/{family}/forget": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Forget Results
         * @description Let these items, or all, count as not done, for all params: the next run executes them. 409
         *     if the family has an `existing` of its own, because Sluice then remembers nothing.
         */
        post: operations["forget_results_api_families__family__forget_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get File
         * @description A file by its name below the folder; takes `Range`, and answers `ETag`.
         */
        get: operations["get_file_api_files__path__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/flow-control": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List Flow Control */
        get: operations["list_flow_control_api_flow_control_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/flow-control/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get Flow Control */
        get: operations["get_flow_control_api_flow_control__key__get"];
        /**
         * Pin Flow Control
         * @description Put these limits in force in place of the code's; workers follow within a second.
         */
        put: operations["pin_flow_control_api_flow_control__key__put"];
        post?: never;
        /**
         * Reset Flow Control
         * @description Return to the limits that the code declares.
         */
        delete: operations["reset_flow_control_api_flow_control__key__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/flow-control/{key}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Flow History
         * @description The last five minutes, a sample every five seconds, the oldest first. Recorded while a worker
         *     runs and the key has a limit.
         */
        get: operations["get_flow_history_api_flow_control__key__history_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/flow-control/{key}/lift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lift Flow Control
         * @description End a hold early that began because the other side said when to come again.
         */
        post: operations["lift_flow_control_api_flow_control__key__lift_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/flow-control/{key}/partitions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Flow Partitions
         * @description Partitions that have limits of their own, and then those with the most items.
         */
        get: operations["list_flow_partitions_api_flow_control__key__partitions_get"];
        /**
         * Pin Flow Partition
         * @description Give one partition limits of its own. Workers follow within a second, and within a minute for
         *     items that were put off until their partition's turn.
         */
        put: operations["pin_flow_partition_api_flow_control__key__partitions_put"];
        post?: never;
        /**
         * Reset Flow Partition
         * @description Return to the limits that hold for each partition. Workers follow within a second, and within
         *     a minute for items that were put off until their partition's turn.
         */
        delete: operations["reset_flow_partition_api_flow_control__key__partitions_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/flow-control/{key}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause Flow Control
         * @description Let nothing of this key begin; what is at work ends.
         */
        post: operations["pause_flow_control_api_flow_control__key__pause_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/flow-control/{key}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Resume Flow Control */
        post: operations["resume_flow_control_api_flow_control__key__resume_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/item-lists": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make List
         * @description Begin a list of ids, which a start may name as `itemList`. From then on it takes no more
         *     ids.
         */
        post: operations["make_list_api_item_lists_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/item-lists/{list_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add To List
         * @description Add ids, with the token that made the list, until a run names it; safe to repeat.
         */
        post: operations["add_to_list_api_item_lists__list_id__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Targets
         * @description Targets, the oldest first.
         */
        get: operations["list_targets_api_notifications_get"];
        put?: never;
        /**
         * Create Target
         * @description Add a target. Its secret is in this answer, and in no other.
         */
        post: operations["create_target_api_notifications_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications/{target_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get Target */
        get: operations["get_target_api_notifications__target_id__get"];
        put?: never;
        post?: never;
        /**
         * Remove Target
         * @description Remove a target, with its deliveries, also those that are not sent yet.
         */
        delete: operations["remove_target_api_notifications__target_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications/{target_id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Deliveries
         * @description Deliveries, the newest first.
         */
        get: operations["list_deliveries_api_notifications__target_id__deliveries_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications/{target_id}/deliveries/{delivery_id}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resend Delivery
         * @description Send it again under the same `webhook-id`, with retries for a day from now on. 409 if the
         *     target is disabled.
         */
        post: operations["resend_delivery_api_notifications__target_id__deliveries__delivery_id__resend_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications/{target_id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enable Target
         * @description Enable a target that was disabled because it answered 410. Notifications of the last day are
         *     sent after all.
         */
        post: operations["enable_target_api_notifications__target_id__enable_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications/{target_id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try Target
         * @description Send a message of the type `test` once, at once, and answer its result after ten seconds at
         *     most. 409 if the target is disabled.
         */
        post: operations["try_target_api_notifications__target_id__test_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get Overview */
        get: operations["get_overview_api_overview_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/provider-batches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Provider Batches
         * @description Provider batches, the newest first. The first page also has the requests that wait for
         *     one.
         */
        get: operations["list_provider_batches_api_provider_batches_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/qstash/tick": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tick
         * @description Do once what a worker's loops do: the outbox, schedules that are due, runs that stand still,
         *     coverage, retention and more.
         */
        post: operations["tick_api_qstash_tick_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Runs
         * @description Runs, the newest first.
         */
        get: operations["list_runs_api_runs_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get Run */
        get: operations["get_run_api_runs__run_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve Run
         * @description Let a run that waits for an approval go on; 409 if it does not wait, or no longer does.
         */
        post: operations["approve_run_api_runs__run_id__approve_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel Run
         * @description End pending items as cancelled at once, and those at work when they end.
         */
        post: operations["cancel_run_api_runs__run_id__cancel_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Events
         * @description The run's events, the oldest first. As a stream: each event under its kind and with its id;
         *     `progress`, without an id, whenever the counters have changed; the stream ends with the run.
         */
        get: operations["list_events_api_runs__run_id__events_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/failures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Failures
         * @description Groups of failed items, the largest first, at most a hundred.
         */
        get: operations["list_failures_api_runs__run_id__failures_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/failures.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Failures As Csv
         * @description Every item that failed or timed out, by id, with its error and its group.
         */
        get: operations["failures_as_csv_api_runs__run_id__failures_csv_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/failures.ndjson": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Failures As Ndjson
         * @description Every item that failed or timed out, one to a line. The last line is
         *     `{"complete": true, "rows": …}`: without it the file is incomplete.
         */
        get: operations["failures_as_ndjson_api_runs__run_id__failures_ndjson_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/finish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Finish Run
         * @description Run the family's `finish` once more for a run that has ended, and answer the run of this
         *     finish. 409 if the run has not ended, its finish is at work, or the family has none. The run's
         *     status stays; its `finish` is this one from now on.
         */
        post: operations["finish_run_api_runs__run_id__finish_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get History
         * @description The run's progress over time, the oldest first, some 500 points at most: its beginning,
         *     samples, and the present.
         */
        get: operations["get_history_api_runs__run_id__history_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/item": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get Item */
        get: operations["get_item_api_runs__run_id__item_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/item/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make Link
         * @description Make a link to a page on which somebody without a token can read the question and answer
         *     it.
         */
        post: operations["make_link_api_runs__run_id__item_link_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/item/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume Item
         * @description Answer the question that the item waits for; it goes on with the answer.
         */
        post: operations["resume_item_api_runs__run_id__item_resume_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/item/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Stream
         * @description What the item has written, the oldest first. As a stream: each chunk as the event `chunk`
         *     with its id, until the item has its outcome, which is the event `ended`.
         */
        get: operations["get_stream_api_runs__run_id__item_stream_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/items": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Items
         * @description The run's items, by id. A result of more than 10,000 bytes is left out unless it is asked
         *     for; so is one that would make the list larger than 20,000,000. `resultOmitted` says so, and the
         *     route of the single item has it.
         */
        get: operations["list_items_api_runs__run_id__items_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/items.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Items As Csv
         * @description All items of the run, by id, however many there are; `status` chooses among them.
         */
        get: operations["items_as_csv_api_runs__run_id__items_csv_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/items.ndjson": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Items As Ndjson
         * @description All items, one to a line as the list has them. The last line is
         *     `{"complete": true, "rows": …}`: without it the file is incomplete.
         */
        get: operations["items_as_ndjson_api_runs__run_id__items_ndjson_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/items/{item_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Item By Path
         * @description The same, for an id without a slash that is no dot.
         */
        get: operations["get_item_by_path_api_runs__run_id__items__item_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/items/{item_id}/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make Link By Path
         * @description The same, for an id without a slash that is no dot.
         */
        post: operations["make_link_by_path_api_runs__run_id__items__item_id__link_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/items/{item_id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume Item By Path
         * @description The same, for an id without a slash that is no dot.
         */
        post: operations["resume_item_by_path_api_runs__run_id__items__item_id__resume_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/items/{item_id}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Stream By Path
         * @description The same, for an id without a slash that is no dot.
         */
        get: operations["get_stream_by_path_api_runs__run_id__items__item_id__stream_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/layers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Layers
         * @description The counts of the queue and those of the run are read one after the other, so they may differ
         *     by a few.
         */
        get: operations["get_layers_api_runs__run_id__layers_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause Run
         * @description Let nothing more of the run start; what is at work ends.
         */
        post: operations["pause_run_api_runs__run_id__pause_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume Run
         * @description Let the run go on where it stopped, with other options if the body names some. For a run that
         *     waits for an approval, this is one, and needs a token with that scope; so do other options for a
         *     run that had to be approved.
         */
        post: operations["resume_run_api_runs__run_id__resume_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry Run
         * @description Start a run over the items that failed in this one, or over others of its items, with its
         *     params.
         */
        post: operations["retry_run_api_runs__run_id__retry_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/suspended": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Suspended
         * @description Questions to people, of the run's items and of the children of their steps.
         */
        get: operations["list_suspended_api_runs__run_id__suspended_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Schedules
         * @description Schedules that families declare come first, then the others, the oldest first.
         */
        get: operations["list_schedules_api_schedules_get"];
        put?: never;
        /** Create Schedule */
        post: operations["create_schedule_api_schedules_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{schedule_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get Schedule */
        get: operations["get_schedule_api_schedules__schedule_id__get"];
        put?: never;
        post?: never;
        /**
         * Remove Schedule
         * @description Delete a schedule; its runs stay. 409 for one that a family declares, unless that family no
         *     longer exists: such a schedule can only be paused.
         */
        delete: operations["remove_schedule_api_schedules__schedule_id__delete"];
        options?: never;
        head?: never;
        /**
         * Edit Schedule
         * @description Change the fields that are named. 409 for a schedule that a family declares: change it in the
         *     code.
         */
        patch: operations["edit_schedule_api_schedules__schedule_id__patch"];
        trace?: never;
    };
    "/api/schedules/{schedule_id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause Schedule
         * @description Let it fire no more until it is resumed; runs that have begun go on.
         */
        post: operations["pause_schedule_api_schedules__schedule_id__pause_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{schedule_id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume Schedule
         * @description Let it fire again, at its next fire time; those that have passed meanwhile are left out.
         */
        post: operations["resume_schedule_api_schedules__schedule_id__resume_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{schedule_id}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run Schedule
         * @description Start the same run at once; the next fire time stays.
         */
        post: operations["run_schedule_api_schedules__schedule_id__run_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/fire-times": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Look Ahead
         * @description When a schedule with this expression would fire. A misspelt one is refused, and `position`
         *     says at which character, from 1.
         */
        get: operations["look_ahead_api_schedules_fire_times_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Session
         * @description Who is signed in, and until when.
         */
        get: operations["get_session_api_session_get"];
        put?: never;
        /**
         * Sign In
         * @description Takes a token that may `read`, and sets the cookie `sluice_session` for twelve hours.
         */
        post: operations["sign_in_api_session_post"];
        /**
         * Sign Out
         * @description Delete the cookie, also one that is no longer valid.
         */
        delete: operations["sign_out_api_session_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/suspended": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Questions
         * @description Questions of all runs that have not ended, those of the oldest run first. A payload of more
         *     than 10,000 bytes is left out, and `payloadOmitted` says so.
         */
        get: operations["list_questions_api_suspended_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{source}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take Webhook
         * @description A signed call of a source that `SLUICE_WEBHOOKS` names becomes an event. The signature is by
         *     Standard Webhooks, or as GitHub or Stripe sign, and is verified before the body is parsed.
         */
        post: operations["take_webhook_api_webhooks__source__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflows/welcome-placeholder/generate-user": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Generate one user, or preview it */
        post: operations["welcome-placeholder.execute"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflows/welcome-placeholder/paginate-users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let a run's paging go on at a cursor, or schedule a chunk of users */
        post: operations["welcome-placeholder.paginate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflows/welcome-placeholder/process-users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Count, and start a run over, users
         * @description The family by which the documentation explains things, as far as it is seen from outside: a
         *         service may have left out the template's own.
         */
        post: operations["welcome-placeholder.process"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflows/welcome-placeholder/sample-users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Execute a few users chosen at random, and save nothing */
        post: operations["welcome-placeholder.sample"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Healthz
         * @description The process answers.
         */
        get: operations["healthz_healthz_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Readyz
         * @description Everything that the service needs answers; 503 when something does not, and which.
         */
        get: operations["readyz_readyz_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** ActiveRunView */
        ActiveRunView: {
            actual: components["schemas"]["ActualView"];
            /**
             * Backfillid
             * @description whose partition it is over; null: nobody's
             */
            backfillId: string | null;
            counters: components["schemas"]["CountersView"];
            /**
             * Createdat
             * Format: date-time
             */
            createdAt: string;
            /**
             * Cursor
             * @description where paging stands; null: at the start
             */
            cursor: string | null;
            /** Deadlineat */
            deadlineAt: string | null;
            /**
             * Detail
             * @description the same as a sentence
             */
            detail: string | null;
            /**
             * Ended
             * @description items that have an outcome
             */
            ended: number;
            /**
             * Entity
             * @description what its caller handed over for its one item; null: its items are loaded
             */
            entity: {
                [key: string]: unknown;
            } | null;
            /** @description made when the run began */
            estimate: components["schemas"]["Estimate"] | null;
            /** Family */
            family: string;
            /** Finishedat */
            finishedAt: string | null;
            /**
             * Finishof
             * @description the run that this one finishes; null: none
             */
            finishOf: string | null;
            /**
             * Follows
             * @description the run by whose success, or by a step of whose item or finish, it began, and which does not wait for it; null: none
             */
            follows: string | null;
            /** Force */
            force: boolean;
            /** Id */
            id: string;
            /**
             * Itemids
             * @description how many ids the caller named; null: by eligibility
             */
            itemIds: number | null;
            /**
             * Itemlist
             * @description the list of ids that the caller named
             */
            itemList: string | null;
            /**
             * Itemspersecond
             * @description that ended, over the last ten seconds or more
             */
            itemsPerSecond: number;
            /** Limit */
            limit: number | null;
            options: components["schemas"]["RunOptions"];
            /**
             * Paged
             * @description all pages are read
             */
            paged: boolean;
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /** @description whose step it is; null: nobody's */
            parent: components["schemas"]["ParentView"] | null;
            /**
             * Pausedkeys
             * @description flow keys of its family that an operator has paused, so that nothing new of it starts under them, whatever its status; empty: none, or it has ended
             */
            pausedKeys: string[];
            /**
             * Reason
             * @description a word: why it is paused, cannot go on just now, or ended as it did
             */
            reason: string | null;
            /**
             * Retryof
             * @description the run whose items it tries once more
             */
            retryOf: string | null;
            stage: components["schemas"]["RunStage"];
            /** Startedat */
            startedAt: string | null;
            /** Startedby */
            startedBy: string;
            status: components["schemas"]["RunStatus"];
            /** @description why nothing new of it starts, whatever its status; null: nothing holds it */
            throttled: components["schemas"]["ThrottledView"] | null;
        };
        /**
         * ActualView
         * @description What the run has taken so far, to be held against its estimate.
         */
        ActualView: {
            /**
             * Seconds
             * @description for which it ran; not those in which it was paused
             */
            seconds: number;
            /** Tokens */
            tokens: number;
            /** Usd */
            usd: number;
        };
        /**
         * AfterView
         * @description A family whose runs, when they have succeeded, begin a run of this one.
         */
        AfterView: {
            /** Family */
            family: string;
            /**
             * Params
             * @description which of its params are taken from that run: those of this family, and what each is called there
             */
            params: {
                [key: string]: string;
            };
        };
        /**
         * Answer
         * @description A whole answer: it says that it is no problem document.
         */
        Answer: {
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** AskedItemView */
        AskedItemView: {
            /** Family */
            family: string;
            /** Itemid */
            itemId: string;
        };
        /**
         * AtWorkView
         * @description An item that a worker has been executing for a second or longer.
         */
        AtWorkView: {
            /**
             * Attempt
             * @description at the item, from 1
             */
            attempt: number;
            /** Host */
            host: string;
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /**
             * Steps
             * @description that are at work, not those that wait
             */
            steps: components["schemas"]["StepAtWorkView"][];
            /**
             * Worker
             * @description as GET /api/overview calls it
             */
            worker: string;
        };
        /**
         * AuditAction
         * @description What somebody did.
         * @enum {string}
         */
        AuditAction: "run_started" | "run_paused" | "run_resumed" | "run_approved" | "run_cancelled" | "run_retried" | "run_finishing" | "run_answered" | "backfill_started" | "backfill_paused" | "backfill_resumed" | "backfill_cancelled" | "flow_pinned" | "flow_reset" | "flow_paused" | "flow_resumed" | "flow_lifted" | "schedule_created" | "schedule_changed" | "schedule_paused" | "schedule_resumed" | "schedule_deleted" | "results_forgotten" | "notification_created" | "notification_deleted" | "notification_disabled" | "notification_enabled" | "notification_tested" | "notification_resent";
        /** AuditAnswer */
        AuditAnswer: {
            /** Entries */
            entries: components["schemas"]["AuditEntryView"][];
            /** Nextcursor */
            nextCursor: string | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** AuditEntryView */
        AuditEntryView: {
            action: components["schemas"]["AuditAction"];
            /** After */
            after: {
                [key: string]: unknown;
            } | null;
            /**
             * At
             * Format: date-time
             */
            at: string;
            /**
             * Before
             * @description what was changed, as it stood
             */
            before: {
                [key: string]: unknown;
            } | null;
            /**
             * Detail
             * @description the sentence of a run's event
             */
            detail: string | null;
            /**
             * Family
             * @description null: of a flow key, which several may share
             */
            family: string | null;
            /**
             * Name
             * @description the flow key, or the id of the run, the backfill, the schedule
             */
            name: string;
            /**
             * Note
             * @description why, in the words of who did it
             */
            note: string | null;
            subject: components["schemas"]["AuditSubject"];
            /** Who */
            who: string;
        };
        /**
         * AuditSubject
         * @description What somebody did something to.
         * @enum {string}
         */
        AuditSubject: "run" | "backfill" | "flow_key" | "schedule" | "family" | "notification";
        /** BackfillAnswer */
        BackfillAnswer: {
            backfill: components["schemas"]["BackfillView"];
            items: components["schemas"]["ItemCounts"];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** BackfillDryRunAnswer */
        BackfillDryRunAnswer: {
            /**
             * Counted
             * @description partitions that were counted for it
             */
            counted: number;
            /**
             * Done
             * @description partitions left out, because of what earlier runs came to
             */
            done: number;
            /**
             * Dryrun
             * @default true
             * @constant
             */
            dryRun: true;
            /**
             * Exact
             * @description false: extrapolated, because the count took too long
             */
            exact: boolean;
            /**
             * First
             * @description with which it would begin; null: there is none
             */
            first: string | null;
            /** Last */
            last: string | null;
            /** Message */
            message: string;
            /** Partitions */
            partitions: number;
            /**
             * Success
             * @default true
             */
            success: boolean;
            /** Toprocess */
            toProcess: number | null;
            /**
             * Totaleligible
             * @description items of all; null: it cannot be told
             */
            totalEligible: number | null;
        };
        /**
         * BackfillMode
         * @description Which partitions a backfill is for.
         * @enum {string}
         */
        BackfillMode: "missing" | "missing-and-failed" | "all";
        /** BackfillsAnswer */
        BackfillsAnswer: {
            /** Backfills */
            backfills: components["schemas"]["BackfillView"][];
            /** Nextcursor */
            nextCursor: string | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** BackfillStartedAnswer */
        BackfillStartedAnswer: {
            /** Backfillid */
            backfillId: string;
            /** Message */
            message: string;
            /** Partitions */
            partitions: number;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /**
         * BackfillStatus
         * @enum {string}
         */
        BackfillStatus: "running" | "paused" | "cancelling" | "succeeded" | "partial" | "failed" | "cancelled";
        /** BackfillView */
        BackfillView: {
            /**
             * Createdat
             * Format: date-time
             */
            createdAt: string;
            /** Family */
            family: string;
            /** Finishedat */
            finishedAt: string | null;
            /** Force */
            force: boolean;
            /**
             * From
             * Format: date-time
             */
            from: string;
            /** Id */
            id: string;
            /** Maxactive */
            maxActive: number;
            mode: components["schemas"]["BackfillMode"];
            options: components["schemas"]["RunOptions"];
            /** Params */
            params: {
                [key: string]: unknown;
            };
            partitions: components["schemas"]["PartitionCounts"];
            /** Reverse */
            reverse: boolean;
            /** Startedby */
            startedBy: string;
            status: components["schemas"]["BackfillStatus"];
            /**
             * To
             * Format: date-time
             */
            to: string;
        };
        /**
         * BatchState
         * @enum {string}
         */
        BatchState: "assigned" | "uploaded" | "submitted" | "collecting" | "completed" | "expired" | "cancelled" | "failed";
        /**
         * Budget
         * @description What the run may spend, counted by what its family reports with ``ctx.spend``.
         */
        Budget: {
            /** Tokens */
            tokens?: number | null;
            /** Usd */
            usd?: number | null;
        };
        /**
         * CatchUp
         * @description What happens to fire times that passed while nothing could start them.
         * @enum {string}
         */
        CatchUp: "one" | "none";
        /**
         * ChangedSchedule
         * @description Names one field at least. What is left out stays as it is; ``params`` and ``options`` are
         *     replaced as a whole.
         */
        ChangedSchedule: {
            /** @default one */
            catchUp: components["schemas"]["CatchUp"];
            /**
             * Expression
             * @default
             */
            expression: string;
            /**
             * Name
             * @default
             */
            name: string;
            /**
             * Note
             * @description why, for whoever looks later
             */
            note?: string | null;
            /**
             * @default {
             *       "force": false,
             *       "autoPromote": false
             *     }
             */
            options: components["schemas"]["ScheduleOptions"];
            /** Params */
            params?: {
                [key: string]: unknown;
            };
            /**
             * Tz
             * @default
             */
            tz: string;
        };
        /** ChunksAnswer */
        ChunksAnswer: {
            /** Chunks */
            chunks: components["schemas"]["ChunkView"][];
            /** Nextcursor */
            nextCursor: string | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** ChunkView */
        ChunkView: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /**
             * Attempt
             * @description of the item: an earlier one may have written the same
             */
            attempt: number;
            /** Data */
            data: unknown;
            /** Id */
            id: number;
        };
        /**
         * CountedAnswer
         * @description To a caller who waits until the run has been counted; nulls: it has not been by then.
         */
        CountedAnswer: {
            /** Alreadyprocessed */
            alreadyProcessed: number | null;
            /** Exact */
            exact: boolean;
            /**
             * Itemid
             * @description of the entity that the caller handed over; null: there was none
             */
            itemId?: string | null;
            /** Message */
            message: string;
            /** Runid */
            runId: string;
            /**
             * Stale
             * @description how many of the eligible have a result of another version of the family, which counts no more; null: nobody looked, or can tell
             */
            stale: number | null;
            status: components["schemas"]["RunStatus"];
            /**
             * Success
             * @default true
             */
            success: boolean;
            /**
             * Tooverwrite
             * @description how many of those to process have a result; null: the family does not tell
             */
            toOverwrite: number | null;
            /**
             * Tooverwriteexact
             * @description false: extrapolated, as exact says of the others
             */
            toOverwriteExact: boolean;
            /** Toprocess */
            toProcess: number | null;
            /** Totaleligible */
            totalEligible: number | null;
        };
        /** CountersView */
        CountersView: {
            /** Alreadyprocessed */
            alreadyProcessed: number | null;
            /** Cancelled */
            cancelled: number;
            /** Exact */
            exact: boolean;
            /** Failed */
            failed: number;
            /** Scheduled */
            scheduled: number;
            /** Skipped */
            skipped: number;
            /**
             * Stale
             * @description how many of the eligible have a result of another version of the family, which counts no more; null: nobody looked, or can tell
             */
            stale?: number | null;
            /** Succeeded */
            succeeded: number;
            /**
             * Suspended
             * @description that wait just now for time, a person, an event, another item or a provider's batch
             */
            suspended: number;
            /** Timedout */
            timedOut: number;
            /**
             * Tooverwrite
             * @description how many of those to process have a result; null: nobody can tell
             */
            toOverwrite?: number | null;
            /**
             * Tooverwriteexact
             * @description false: extrapolated
             * @default true
             */
            toOverwriteExact: boolean;
            /** Toprocess */
            toProcess: number | null;
            /** Totaleligible */
            totalEligible: number | null;
        };
        /** CoverageAnswer */
        CoverageAnswer: {
            /**
             * Days
             * @description the last 90 on which something was recorded, the oldest first, with the family's own params
             */
            days: components["schemas"]["CoverageDayView"][];
            /** Family */
            family: string;
            /** @description null: it was not asked for, or the family does not tell what has a result */
            now: components["schemas"]["CoverageView"] | null;
            /**
             * Params
             * @description null: the family needs some, and none were named
             */
            params: {
                [key: string]: unknown;
            } | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** CoverageDayView */
        CoverageDayView: {
            /**
             * Day
             * Format: date
             * @description in UTC
             */
            day: string;
            /** Eligible */
            eligible: number;
            /**
             * Exact
             * @description false: extrapolated, because the count took too long
             */
            exact: boolean;
            /** Withresult */
            withResult: number;
        };
        /** CoverageView */
        CoverageView: {
            /** Eligible */
            eligible: number;
            /**
             * Exact
             * @description false: extrapolated, because the count took too long
             */
            exact: boolean;
            /** Withresult */
            withResult: number;
        };
        /** CreatedNotificationTargetAnswer */
        CreatedNotificationTargetAnswer: {
            /**
             * Secret
             * @description with which the receiver verifies what it is sent; shown this once. null: of slack, which is not signed
             */
            secret: string | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
            target: components["schemas"]["NotificationTargetView"];
        };
        /**
         * DelayedBatchesView
         * @description Batches of a provider that does not do as it is asked.
         */
        DelayedBatchesView: {
            /** Batches */
            batches: number;
            /**
             * Error
             * @description what it says of the oldest instead, or why it cannot be asked
             */
            error: string;
            /** Lines */
            lines: number;
            /** Provider */
            provider: string;
            /**
             * Since
             * Format: date-time
             */
            since: string;
        };
        /**
         * DeliveryStatus
         * @enum {string}
         */
        DeliveryStatus: "waiting" | "delivered" | "failed";
        /** DryRunAnswer */
        DryRunAnswer: {
            /** Alreadyprocessed */
            alreadyProcessed: number | null;
            /**
             * Dryrun
             * @default true
             * @constant
             */
            dryRun: true;
            estimate: components["schemas"]["Estimate"];
            /**
             * Exact
             * @description false: extrapolated, because the count took too long
             */
            exact: boolean;
            /** Message */
            message: string;
            /** Sample */
            sample: string[];
            /**
             * Stale
             * @description how many of the eligible have a result of another version of the family, which counts no more; null: nobody looked, or can tell
             */
            stale: number | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
            /**
             * Tooverwrite
             * @description how many of those to process have a result, which a run with force overwrites; null: the family does not tell
             */
            toOverwrite: number | null;
            /**
             * Tooverwriteexact
             * @description false: extrapolated, as exact says of the others
             */
            toOverwriteExact: boolean;
            /** Toprocess */
            toProcess: number | null;
            /** Totaleligible */
            totalEligible: number | null;
        };
        /**
         * Estimate
         * @description What a run will take. A field is None where nothing is known about it. ``at_least``: the
         *     seconds are a lower bound, because the largest partition may have more items.
         */
        Estimate: {
            /**
             * Atleast
             * @default false
             */
            atLeast: boolean;
            /** Basis */
            basis: string;
            /** Costbasis */
            costBasis?: string | null;
            /** Seconds */
            seconds: number | null;
            /** Tokens */
            tokens?: number | null;
            /** Usd */
            usd?: number | null;
        };
        /**
         * EventKind
         * @enum {string}
         */
        EventKind: "created" | "queued" | "begun" | "paused" | "resumed" | "promoted" | "cancelling" | "finishing" | "ended" | "followed" | "answered" | "retried" | "retrying" | "family_gone" | "family_back" | "taken_over" | "batch_delayed" | "throttled" | "throttle_over" | "repaired";
        /** EventReceiptView */
        EventReceiptView: {
            /**
             * Duplicate
             * @description it was there already, and nothing was done
             */
            duplicate: boolean;
            /**
             * Id
             * @description its sender's; or one that was made for it
             */
            id: string;
            /** Name */
            name: string;
            /**
             * Starts
             * @description what it asks for, of each family
             */
            starts: components["schemas"]["AskedItemView"][];
            /**
             * Unmatched
             * @description no family knows its name, and no item has ever waited for one of that name
             */
            unmatched: boolean;
            /**
             * Woke
             * @description items that waited for it, and go on with it
             */
            woke: number;
        };
        /** EventsAnswer */
        EventsAnswer: {
            /** Events */
            events: components["schemas"]["EventView"][];
            /** Nextcursor */
            nextCursor: string | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** EventsSentAnswer */
        EventsSentAnswer: {
            /**
             * Events
             * @description in the order in which they were sent
             */
            events: components["schemas"]["EventReceiptView"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** EventStartView */
        EventStartView: {
            /**
             * Detail
             * @description why no run has it and none will
             */
            detail: string | null;
            /**
             * Dueat
             * Format: date-time
             * @description when it starts, unless its family has a run first
             */
            dueAt: string;
            /**
             * Events
             * @description how many events have asked for it while it waited
             */
            events: number;
            /** Family */
            family: string;
            /** Itemid */
            itemId: string;
            /**
             * Runid
             * @description null: it waits, or see detail
             */
            runId: string | null;
            /**
             * Settledat
             * @description null: it waits
             */
            settledAt: string | null;
        };
        /**
         * EventType
         * @description The ``type`` of a message.
         * @enum {string}
         */
        EventType: "run.paused" | "run.waiting_for_approval" | "run.succeeded" | "run.partial" | "run.failed" | "run.cancelled" | "item.suspended" | "test";
        /** EventView */
        EventView: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Data */
            data: {
                [key: string]: unknown;
            } | null;
            /** Detail */
            detail: string | null;
            /** Id */
            id: number;
            kind: components["schemas"]["EventKind"];
            /**
             * Note
             * @description why, in the words of who did it
             */
            note: string | null;
            /** Reason */
            reason: string | null;
            /** Who */
            who: string;
        };
        /**
         * ExecuteView
         * @description The four together are the items that are neither suspended nor ended.
         */
        ExecuteView: {
            /**
             * Deferred
             * @description that come again later
             */
            deferred: number;
            /**
             * Inhand
             * @description at work
             */
            inHand: number;
            /** Queued */
            queued: number;
            /**
             * Waitingforrate
             * @description in a worker, and not begun; null: Redis does not answer
             */
            waitingForRate: number | null;
        };
        /** FailuresAnswer */
        FailuresAnswer: {
            /** Failures */
            failures: components["schemas"]["FailureView"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
            /**
             * Total
             * @description items that failed or timed out, shown in a group or not
             */
            total: number;
        };
        /** FailureView */
        FailureView: {
            /** Count */
            count: number;
            /** Errorclass */
            errorClass: string;
            /**
             * Firstat
             * Format: date-time
             */
            firstAt: string;
            /**
             * Group
             * @description to retry these items by
             */
            group: string;
            /**
             * Lastat
             * Format: date-time
             */
            lastAt: string;
            /**
             * Message
             * @description without what differs from item to item
             */
            message: string;
            /**
             * Samples
             * @description a few item ids
             */
            samples: string[];
        };
        /** FamiliesAnswer */
        FamiliesAnswer: {
            /** Families */
            families: components["schemas"]["FamilyView"][];
            /**
             * Newerfiles
             * @description of the families' folder, that are new or changed since the service started: it and its workers must be restarted for them
             */
            newerFiles: string[];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** FamilyFlowView */
        FamilyFlowView: {
            /** Key */
            key: string;
            /** Parallelism */
            parallelism: number | null;
            /** Periodseconds */
            periodSeconds: number;
            /** Rate */
            rate: number | null;
        };
        /** FamilyLastRunView */
        FamilyLastRunView: {
            /**
             * Createdat
             * Format: date-time
             */
            createdAt: string;
            /** Finishedat */
            finishedAt: string | null;
            /** Id */
            id: string;
            status: components["schemas"]["RunStatus"];
        };
        /** FamilyView */
        FamilyView: {
            /**
             * After
             * @description whose runs it follows; empty: nobody's
             */
            after: components["schemas"]["AfterView"][];
            /**
             * Approval
             * @description every run waits, once it has counted, to be approved
             */
            approval: boolean;
            /** Attempts */
            attempts: number;
            /** Chunksize */
            chunkSize: number;
            /**
             * Deadlineseconds
             * @description for which a run may go on before it pauses
             */
            deadlineSeconds: number | null;
            /** Description */
            description: string;
            /** Entities */
            entities: string;
            /** Entity */
            entity: string;
            /**
             * Events
             * @description names of those that start it; empty: none does
             */
            events: string[];
            /** Flow */
            flow: components["schemas"]["FamilyFlowView"][];
            /**
             * Invokes
             * @description what a caller may hand over as the `entity` of a run, as a JSON schema; null: nothing
             */
            invokes: {
                [key: string]: unknown;
            } | null;
            /** @description the newest; null: there is none */
            lastRun: components["schemas"]["FamilyLastRunView"] | null;
            /**
             * Maxfailurerate
             * @description a larger share of failures pauses a run
             */
            maxFailureRate: number | null;
            /**
             * Minitems
             * @description that must have ended before the share is judged
             */
            minItems: number;
            /** Name */
            name: string;
            /**
             * Nextfiretime
             * @description null: no schedule starts it
             */
            nextFireTime: string | null;
            /** @description of a run with another one that has not ended */
            overlap: components["schemas"]["Overlap"];
            /** Pagesize */
            pageSize: number;
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /** @description null: it has none, and no backfills */
            partitions: components["schemas"]["PartitionsView"] | null;
            /**
             * Priority
             * @description of a run that names none, 0 to 9: a higher one goes first
             */
            priority: number;
            /** Routes */
            routes: {
                [key: string]: string;
            };
            /** Timeoutseconds */
            timeoutSeconds: number;
        };
        /**
         * FinishView
         * @description What the family does when a run's items have ended.
         */
        FinishView: {
            /**
             * Error
             * @description why it failed, or is put off
             */
            error: string | null;
            /**
             * Result
             * @description what it returned: the run's result; null until then
             */
            result: unknown;
            /**
             * Runid
             * @description the run that it is, with one item
             */
            runId: string;
            status: components["schemas"]["RunStatus"];
        };
        /** FiredAnswer */
        FiredAnswer: {
            /** Message */
            message: string;
            /**
             * Runid
             * @description the run that was started, or the active one
             */
            runId: string;
            /**
             * Skipped
             * @description nothing was started, because that run has not ended
             */
            skipped: boolean;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /**
         * FireResult
         * @description What came of a fire time.
         * @enum {string}
         */
        FireResult: "started" | "skipped" | "failed";
        /** FireTimesAnswer */
        FireTimesAnswer: {
            /** Expression */
            expression: string;
            /**
             * Nextfiretimes
             * @description five, from now on
             */
            nextFireTimes: string[];
            /**
             * Success
             * @default true
             */
            success: boolean;
            /** Tz */
            tz: string;
            /**
             * Words
             * @description the same in plain words
             */
            words: string | null;
        };
        /** FlowAnswer */
        FlowAnswer: {
            flowControl: components["schemas"]["FlowView"];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** FlowHistoryAnswer */
        FlowHistoryAnswer: {
            /** Points */
            points: components["schemas"]["FlowPointView"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** FlowHoldView */
        FlowHoldView: {
            /**
             * Key
             * @description a family whose throttle says no, or a flow key
             */
            key: string;
            /** Reason */
            reason: string;
            /**
             * Until
             * @description until then who is called wants no call; null: until the throttle lets go
             */
            until: string | null;
        };
        /** FlowPartitionsAnswer */
        FlowPartitionsAnswer: {
            /** Partitions */
            partitions: components["schemas"]["FlowPartitionView"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** FlowPartitionView */
        FlowPartitionView: {
            /**
             * Active
             * @description items at work now; null: Redis does not answer
             */
            active: number | null;
            /** Parallelism */
            parallelism: number | null;
            /** Partition */
            partition: string;
            /** Periodseconds */
            periodSeconds: number;
            /** Rate */
            rate: number | null;
            /**
             * Source
             * @enum {string}
             */
            source: "code" | "pinned";
            /**
             * Waiting
             * @description items that may not begin yet, of runs that have not ended
             */
            waiting: number;
        };
        /** FlowPointView */
        FlowPointView: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /**
             * Inuse
             * @description items at work then
             */
            inUse: number;
            /**
             * Parallelism
             * @description in force then
             */
            parallelism: number | null;
            /** Rate */
            rate: number | null;
            /**
             * Starts
             * @description items started in the period before
             */
            starts: number;
            /** Waiting */
            waiting: number;
        };
        /** FlowsAnswer */
        FlowsAnswer: {
            /** Flowcontrol */
            flowControl: components["schemas"]["FlowView"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** FlowUse */
        FlowUse: {
            /** Inuse */
            inUse: number;
            /** Key */
            key: string;
            /** Parallelism */
            parallelism: number | null;
            /** Paused */
            paused: boolean;
            /** Periodseconds */
            periodSeconds: number;
            /** Rate */
            rate: number | null;
            /**
             * Share
             * @description of its narrower limit that is in use; null: no limit
             */
            share: number | null;
            /**
             * Starts
             * @description in the last period
             */
            starts: number;
            /**
             * Waiting
             * @description items that wait for their turn in a worker
             */
            waiting: number;
        };
        /** FlowView */
        FlowView: {
            /**
             * Active
             * @description items at work now; null: Redis, or QStash, does not answer
             */
            active: number | null;
            /** @description what QStash holds the key to at present, which after a change is what was published before, until that is through; null: workers hold the limits, or QStash does not answer */
            held: components["schemas"]["HeldLimitsView"] | null;
            /** Key */
            key: string;
            /** Parallelism */
            parallelism: number | null;
            /**
             * Partitionperiodseconds
             * @description the code's, which a pin of the key leaves; null: partitions have no limits
             */
            partitionPeriodSeconds: number | null;
            /** Paused */
            paused: boolean;
            /** Periodseconds */
            periodSeconds: number;
            /**
             * Perpartition
             * @description at work at once of each partition, by the code; null: not limited
             */
            perPartition: number | null;
            /**
             * Queued
             * @description items, or pages, that are due and in no worker yet
             */
            queued: number;
            /** Rate */
            rate: number | null;
            /**
             * Rateperpartition
             * @description starts of each partition in partitionPeriodSeconds, by the code; null: not limited
             */
            ratePerPartition: number | null;
            /**
             * Source
             * @enum {string}
             */
            source: "code" | "pinned";
            /**
             * Started
             * @description items started in the last period
             */
            started: number | null;
            /**
             * Throttled
             * @description of which nothing new starts under it just now, though nobody has paused it
             */
            throttled: components["schemas"]["FlowHoldView"][];
            /**
             * Waiting
             * @description items that wait for their turn in a worker; messages that do at QStash
             */
            waiting: number | null;
            /**
             * Waitingapart
             * @description items that wait for their partition's turn in no worker and no queue, of runs that have not ended; no more than 100,000 of a family are counted
             */
            waitingApart: number;
        };
        /**
         * ForgetBody
         * @description Either ``itemIds`` or ``all``, so that an empty body forgets nothing.
         */
        ForgetBody: {
            /**
             * All
             * @default false
             */
            all: boolean;
            /** Itemids */
            itemIds?: (string | number)[] | null;
            /**
             * Note
             * @description why, for whoever looks later
             */
            note?: string | null;
        };
        /** ForgottenAnswer */
        ForgottenAnswer: {
            /** Family */
            family: string;
            /**
             * Forgotten
             * @description of how many of the items a result was remembered; null: all, uncounted
             */
            forgotten: number | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** HeldLimitsView */
        HeldLimitsView: {
            /** Parallelism */
            parallelism: number | null;
            /** Paused */
            paused: boolean;
            /** Periodseconds */
            periodSeconds: number;
            /** Pinned */
            pinned: boolean;
            /** Rate */
            rate: number | null;
        };
        /** HistoryAnswer */
        HistoryAnswer: {
            /** Points */
            points: components["schemas"]["PointView"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** ItemAnswer */
        ItemAnswer: {
            /** @description null: no worker executes it, or one has only just begun */
            atWork: components["schemas"]["AtWorkView"] | null;
            item: components["schemas"]["ItemView"];
            /** Steps */
            steps: components["schemas"]["StepView"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
            /** @description of its run; null: that is not traced, or the item is none of those of it that are */
            trace?: components["schemas"]["TraceView"] | null;
        };
        /**
         * ItemCounts
         * @description Over all of its runs.
         */
        ItemCounts: {
            /** Cancelled */
            cancelled: number;
            /** Failed */
            failed: number;
            /**
             * Scheduled
             * @description so far, and of runs that have not been deleted
             */
            scheduled: number;
            /** Skipped */
            skipped: number;
            /** Succeeded */
            succeeded: number;
            /** Timedout */
            timedOut: number;
        };
        /** ItemListPart */
        ItemListPart: {
            /** Itemids */
            itemIds: (string | number)[];
        };
        /** ItemsAnswer */
        ItemsAnswer: {
            /** Items */
            items: components["schemas"]["ItemView"][];
            /** Nextcursor */
            nextCursor: string | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /**
         * ItemStatus
         * @enum {string}
         */
        ItemStatus: "pending" | "suspended" | "succeeded" | "skipped" | "failed" | "cancelled" | "timed_out";
        /** ItemsView */
        ItemsView: {
            /** Cancelled */
            cancelled: number;
            /** Failed */
            failed: number;
            /** Pending */
            pending: number;
            /** Skipped */
            skipped: number;
            /** Succeeded */
            succeeded: number;
            /** Suspended */
            suspended: number;
            /** Timedout */
            timedOut: number;
        };
        /** ItemView */
        ItemView: {
            /** Attempts */
            attempts: number;
            /** Errorclass */
            errorClass: string | null;
            /** Errormessage */
            errorMessage: string | null;
            /** Errortraceback */
            errorTraceback: string | null;
            /** Finishedat */
            finishedAt: string | null;
            /** Itemid */
            itemId: string;
            /** Postponements */
            postponements: number;
            /** Result */
            result: unknown;
            /**
             * Resultomitted
             * @description in a list: it is too large, and is left out; see largeResults
             */
            resultOmitted: boolean;
            /**
             * Scheduledat
             * Format: date-time
             */
            scheduledAt: string;
            /** Startedat */
            startedAt: string | null;
            status: components["schemas"]["ItemStatus"];
        };
        /** LastFireView */
        LastFireView: {
            /** Detail */
            detail: string | null;
            /**
             * Firetime
             * Format: date-time
             */
            fireTime: string;
            result: components["schemas"]["FireResult"];
        };
        /** LayersAnswer */
        LayersAnswer: {
            execute: components["schemas"]["ExecuteView"];
            items: components["schemas"]["ItemsView"];
            paginate: components["schemas"]["PaginateView"];
            process: components["schemas"]["ProcessView"];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** LinkAnswer */
        LinkAnswer: {
            /**
             * Expiresat
             * Format: date-time
             */
            expiresAt: string;
            /**
             * Success
             * @default true
             */
            success: boolean;
            /**
             * Url
             * @description whoever has it may answer this step, and nothing else
             */
            url: string;
        };
        /** LinkBody */
        LinkBody: {
            /**
             * Expiresseconds
             * @description from now
             * @default 604800
             */
            expiresSeconds: number;
            /**
             * Step
             * @description may be left out where only one waits
             */
            step?: string | string[] | null;
        };
        /** ListAnswer */
        ListAnswer: {
            /**
             * Items
             * @description ids in the list; one that came twice counts once
             */
            items: number;
            /** Listid */
            listId: string;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** NewBackfill */
        NewBackfill: {
            /**
             * Approval
             * @description count, then wait until somebody approves; null: as the family says
             */
            approval?: boolean | null;
            /**
             * Attempts
             * @description executions of one item that may fail before it is failed; null: as the family says
             */
            attempts?: number | null;
            /**
             * Autopromote
             * @description after a canary that is healthy, go on without being asked
             * @default false
             */
            autoPromote: boolean;
            /** @description pause when so much is spent */
            budget?: components["schemas"]["Budget"] | null;
            /**
             * Canary
             * @description so many items first, then pause
             */
            canary?: number | null;
            /**
             * Deadlineseconds
             * @description pause after so long
             */
            deadlineSeconds?: number | null;
            /**
             * Dryrun
             * @description answer what would happen; start nothing
             * @default false
             */
            dryRun: boolean;
            /** Family */
            family: string;
            /**
             * Force
             * @description also items that already have a result
             * @default false
             */
            force: boolean;
            /**
             * From
             * @description partitions that begin then or later
             */
            from: string;
            /**
             * Maxactive
             * @description partitions at once
             * @default 3
             */
            maxActive: number;
            /**
             * Maxfailurerate
             * @description a larger share of failed items pauses the run
             */
            maxFailureRate?: number | null;
            /**
             * Minitems
             * @description that must have ended before it is judged
             */
            minItems?: number | null;
            /** @default missing */
            mode: components["schemas"]["BackfillMode"];
            /**
             * Params
             * @description beside the partition's own
             */
            params?: {
                [key: string]: unknown;
            };
            /**
             * Priority
             * @description 0 to 9: a higher one goes first; null: as the family says
             */
            priority?: number | null;
            /** @description begin with few at once, and grow */
            ramp?: components["schemas"]["Ramp"] | null;
            /**
             * Reverse
             * @description the latest partition first
             * @default false
             */
            reverse: boolean;
            /**
             * To
             * @description and before this
             */
            to: string;
        };
        /**
         * NewEvent
         * @description Something that has happened.
         */
        NewEvent: {
            /**
             * At
             * @description when it happened, with its offset from UTC; null: now
             */
            at?: string | null;
            /**
             * Data
             * @description what families read of it; at most 256 kB
             */
            data?: {
                [key: string]: unknown;
            };
            /**
             * Id
             * @description an event of this name and id is taken once; null: each is another one
             */
            id?: string | null;
            /**
             * Name
             * @description such as user/registered
             * @example user/registered
             */
            name: string;
        };
        /** NewNotificationTarget */
        NewNotificationTarget: {
            /**
             * Events
             * @description such as run.failed; null: all, those to come too
             */
            events?: string[] | null;
            /**
             * Families
             * @description null: all, those to come too
             */
            families?: string[] | null;
            /**
             * @description webhook: JSON, signed by the Standard Webhooks specification; slack: {"text": …}
             * @default webhook
             */
            kind: components["schemas"]["TargetKind"];
            /**
             * Name
             * @description kebab-case, and no other's; null: its id
             */
            name?: string | null;
            /**
             * Note
             * @description why, for whoever looks later
             */
            note?: string | null;
            /**
             * Url
             * Format: password
             * @description https://…; kept encrypted, and never shown again but for its host
             */
            url: string;
        };
        /** NewSchedule */
        NewSchedule: {
            /**
             * @description what was missed while nothing ran makes one run, or none
             * @default one
             */
            catchUp: components["schemas"]["CatchUp"];
            /**
             * Expression
             * @description five fields, such as `0 3 * * *`
             */
            expression: string;
            /** Family */
            family: string;
            /**
             * Name
             * @description kebab-case, and no other's; null: its id
             */
            name?: string | null;
            /**
             * Note
             * @description why, for whoever looks later
             */
            note?: string | null;
            /**
             * @default {
             *       "force": false,
             *       "autoPromote": false
             *     }
             */
            options: components["schemas"]["ScheduleOptions"];
            /**
             * Params
             * @description the family's; what is left out is as it says then
             * @default {}
             */
            params: {
                [key: string]: unknown;
            };
            /**
             * Tz
             * @description a name of the IANA database, such as Europe/Berlin
             * @default UTC
             */
            tz: string;
        };
        /**
         * Noted
         * @description What a call takes that needs nothing else.
         */
        Noted: {
            /**
             * Note
             * @description why, for whoever looks later
             */
            note?: string | null;
        };
        /** NotificationDeliveriesAnswer */
        NotificationDeliveriesAnswer: {
            /** Deliveries */
            deliveries: components["schemas"]["NotificationDeliveryView"][];
            /** Nextcursor */
            nextCursor: string | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** NotificationDeliveryAnswer */
        NotificationDeliveryAnswer: {
            delivery: components["schemas"]["NotificationDeliveryView"];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** NotificationDeliveryView */
        NotificationDeliveryView: {
            /** Attempts */
            attempts: number;
            /**
             * Createdat
             * Format: date-time
             */
            createdAt: string;
            /**
             * Dueat
             * @description when it is tried next; null: no more
             */
            dueAt: string | null;
            event: components["schemas"]["EventType"];
            /** Family */
            family: string | null;
            /** Id */
            id: number;
            /**
             * Items
             * @description of item.suspended: how many began to wait
             */
            items: number;
            /**
             * Lastat
             * @description when it was tried last
             */
            lastAt: string | null;
            /**
             * Lasterror
             * @description why that attempt does not count; null: it does
             */
            lastError: string | null;
            /**
             * Laststatus
             * @description of HTTP; null: no answer yet
             */
            lastStatus: number | null;
            /**
             * Messageid
             * @description webhook-id: the same in each attempt
             */
            messageId: string;
            /**
             * Runid
             * @description null: of no run, but a test
             */
            runId: string | null;
            status: components["schemas"]["DeliveryStatus"];
            /** Tookms */
            tookMs: number | null;
        };
        /** NotificationTargetAnswer */
        NotificationTargetAnswer: {
            /**
             * Success
             * @default true
             */
            success: boolean;
            target: components["schemas"]["NotificationTargetView"];
        };
        /** NotificationTargetsAnswer */
        NotificationTargetsAnswer: {
            /** Nextcursor */
            nextCursor: string | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
            /** Targets */
            targets: components["schemas"]["NotificationTargetView"][];
        };
        /** NotificationTargetView */
        NotificationTargetView: {
            /**
             * Createdat
             * Format: date-time
             */
            createdAt: string;
            /** Createdby */
            createdBy: string;
            /**
             * Disabledat
             * @description null: it is told
             */
            disabledAt: string | null;
            /** Disabledreason */
            disabledReason: string | null;
            /**
             * Events
             * @description null: all
             */
            events: string[] | null;
            /**
             * Families
             * @description null: all
             */
            families: string[] | null;
            /** Id */
            id: string;
            kind: components["schemas"]["TargetKind"];
            /** Name */
            name: string;
            /**
             * Url
             * @description its host; the rest may be a secret, and is not shown
             */
            url: string;
        };
        /**
         * Origin
         * @description Who decides the schedule's time and params. Operators may pause it in either case.
         * @enum {string}
         */
        Origin: "code" | "api";
        /**
         * Overlap
         * @description What happens to a new run of a family that has an active one.
         * @enum {string}
         */
        Overlap: "skip" | "queue" | "allow";
        /** OverviewAnswer */
        OverviewAnswer: {
            /**
             * Activeruns
             * @description at most 20: what moves, then the newest
             */
            activeRuns: components["schemas"]["ActiveRunView"][];
            /**
             * Delayedbatches
             * @description by provider that does not do as it is asked; at most 10, the oldest first
             */
            delayedBatches: components["schemas"]["DelayedBatchesView"][];
            /**
             * Engine
             * @enum {string}
             */
            engine: "postgres" | "qstash";
            /** Failureslasthour */
            failuresLastHour: number;
            /**
             * Flow
             * @description at most 10, those nearest their limit first
             */
            flow: components["schemas"]["FlowUse"][];
            /**
             * Itemspersecond
             * @description of all runs
             */
            itemsPerSecond: number;
            /**
             * Now
             * Format: date-time
             */
            now: string;
            /**
             * Postgres
             * @constant
             */
            postgres: "ok";
            /**
             * Qstashaway
             * @description why QStash takes no messages just now; null: it does, or is not the engine
             */
            qstashAway: string | null;
            /**
             * Redis
             * @enum {string}
             */
            redis: "ok" | "away";
            /**
             * Success
             * @default true
             */
            success: boolean;
            /**
             * Suspended
             * @description items
             */
            suspended: number;
            /**
             * Waitingapproval
             * @description runs
             */
            waitingApproval: number;
            /** Workers */
            workers: components["schemas"]["WorkerView"][];
        };
        /** PaginateView */
        PaginateView: {
            /**
             * Held
             * @description the next page waits for room
             */
            held: boolean;
            /** Inhand */
            inHand: number;
            /**
             * Paged
             * @description all pages are read
             */
            paged: boolean;
            /**
             * Queued
             * @description messages: pages that are due
             */
            queued: number;
        };
        /** PaidOnly */
        PaidOnly: {
            /**
             * Paidonly
             * @default false
             */
            paidOnly: boolean;
        };
        /**
         * ParentView
         * @description The step that waits for a child.
         */
        ParentView: {
            /** Itemid */
            itemId: string;
            /** Runid */
            runId: string;
            /** Step */
            step: string;
        };
        /** PartitionCounts */
        PartitionCounts: {
            /** Active */
            active: number;
            /** Cancelled */
            cancelled: number;
            /** Failed */
            failed: number;
            /** Partial */
            partial: number;
            /** Succeeded */
            succeeded: number;
            /** Total */
            total: number;
            /** Waiting */
            waiting: number;
        };
        /** PartitionsAnswer */
        PartitionsAnswer: {
            /** Nextcursor */
            nextCursor: string | null;
            /** Partitions */
            partitions: components["schemas"]["PartitionView"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /**
         * PartitionStatus
         * @enum {string}
         */
        PartitionStatus: "waiting" | "active" | "succeeded" | "partial" | "failed" | "cancelled";
        /**
         * PartitionsView
         * @description How the family's work is cut, for backfills.
         */
        PartitionsView: {
            /**
             * Param
             * @description that a backfill fills in; null: its own way says which
             */
            param: string | null;
            /**
             * Unit
             * @description null: in its own way
             */
            unit: ("day" | "hour" | "month") | null;
        };
        /** PartitionView */
        PartitionView: {
            /** Key */
            key: string;
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /** Runid */
            runId: string | null;
            status: components["schemas"]["PartitionStatus"];
        };
        /**
         * Pin
         * @description Names `parallelism`, `rate` or both. What is null or left out is not limited.
         */
        Pin: {
            /**
             * Note
             * @description why, for whoever looks later
             */
            note?: string | null;
            /**
             * Parallelism
             * @description at work at once
             */
            parallelism?: number | null;
            /**
             * Periodseconds
             * @default 1
             */
            periodSeconds: number;
            /**
             * Rate
             * @description starts in a period
             */
            rate?: number | null;
        };
        /** PinOfPartition */
        PinOfPartition: {
            /**
             * Note
             * @description why, for whoever looks later
             */
            note?: string | null;
            /**
             * Parallelism
             * @description at work at once
             */
            parallelism?: number | null;
            /** Partition */
            partition: string;
            /**
             * Periodseconds
             * @default 1
             */
            periodSeconds: number;
            /**
             * Rate
             * @description starts in a period
             */
            rate?: number | null;
        };
        /** PointView */
        PointView: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Cancelled */
            cancelled: number;
            /** Failed */
            failed: number;
            /**
             * Itemspersecond
             * @description that ended, since the point before; of the time in which it was not paused
             */
            itemsPerSecond: number | null;
            /**
             * Meanms
             * @description of work of an item that ended since then
             */
            meanMs: number | null;
            /** Scheduled */
            scheduled: number;
            /** Skipped */
            skipped: number;
            /** Succeeded */
            succeeded: number;
            /** Suspended */
            suspended: number;
            /** Timedout */
            timedOut: number;
        };
        /** PreviewAnswer */
        PreviewAnswer: {
            /**
             * After
             * @description the result once more
             */
            after?: unknown;
            /**
             * Before
             * @description what is stored now; null: nothing, or nobody can tell
             */
            before?: unknown;
            /**
             * Diff
             * @description unified, of both as JSON; empty: equal; null: nothing to compare with
             */
            diff?: string | null;
            /**
             * Dryrun
             * @default true
             * @constant
             */
            dryRun: true;
            /** Itemid */
            itemId: string;
            /** Milliseconds */
            milliseconds: number;
            outcome: components["schemas"]["ItemStatus"];
            /**
             * Overwrites
             * @description whether the item has a result, which executing it overwrites; null: the family does not tell
             */
            overwrites: boolean | null;
            /** Reason */
            reason: string | null;
            /** Result */
            result?: unknown;
            /** @description null: it went to its end */
            stop?: components["schemas"]["StopView"] | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /**
         * Problem
         * @description An RFC 9457 problem document. Some have further members.
         */
        Problem: {
            /** @description what is wrong, and what to do */
            detail: string;
            /** @description the same as `detail` */
            error: string;
            errors?: {
                field: string;
                message: string;
            }[];
            /** @description the path that was called */
            instance: string;
            status: number;
            /** @constant */
            success: false;
            title: string;
            type: string;
        };
        /** ProcessView */
        ProcessView: {
            /**
             * State
             * @description queued, inHand, deferred; waiting for another run; held by a pause; done
             */
            state: string;
        };
        /** ProviderBatchesAnswer */
        ProviderBatchesAnswer: {
            /** Batches */
            batches: components["schemas"]["ProviderBatchView"][];
            /** Nextcursor */
            nextCursor: string | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
            /**
             * Waiting
             * @description in the first page; at most 20
             */
            waiting: components["schemas"]["WaitingCallsView"][];
        };
        /** ProviderBatchView */
        ProviderBatchView: {
            /**
             * Again
             * @description lines that went on to another batch
             */
            again: number;
            /**
             * Cancelledat
             * @description when the provider was asked to cancel it
             */
            cancelledAt: string | null;
            /**
             * Createdat
             * Format: date-time
             */
            createdAt: string;
            /**
             * Done
             * @description lines whose answers their items have
             */
            done: number;
            /**
             * Dropped
             * @description lines for which no item waited any more
             */
            dropped: number;
            /** Endedat */
            endedAt: string | null;
            /**
             * Error
             * @description what stands in its way; once it has ended, what ended it
             */
            error: string | null;
            /**
             * Expiresat
             * @description when the provider gives it up
             */
            expiresAt: string | null;
            /**
             * Failed
             * @description lines whose items were told of an error
             */
            failed: number;
            /** Id */
            id: string;
            /** Lines */
            lines: number;
            /** Model */
            model: string;
            /** Provider */
            provider: string;
            /**
             * Remoteid
             * @description as the provider calls it; null: it has none yet
             */
            remoteId: string | null;
            /**
             * Remotestatus
             * @description in the provider's words, when last asked
             */
            remoteStatus: string | null;
            state: components["schemas"]["BatchState"];
            /** Submittedat */
            submittedAt: string | null;
            /** Url */
            url: string;
        };
        /** QuestionsAnswer */
        QuestionsAnswer: {
            /** Nextcursor */
            nextCursor: string | null;
            /** Questions */
            questions: components["schemas"]["QuestionView"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /**
         * QuestionView
         * @description What an item of some run waits for a person for.
         */
        QuestionView: {
            /**
             * Answer
             * @description to which an answer is POSTed; the run's question says of what
             */
            answer: string;
            /**
             * Expiresat
             * @description when it goes on with null
             */
            expiresAt: string | null;
            /** Family */
            family: string;
            /** Itemid */
            itemId: string;
            /**
             * Parentrunid
             * @description of a child of an item's step: whose it is
             */
            parentRunId: string | null;
            /**
             * Payload
             * @description what whoever answers is to see
             */
            payload: unknown;
            /**
             * Payloadomitted
             * @description it is too large for a list: the item has it
             */
            payloadOmitted: boolean;
            /** Runid */
            runId: string;
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /** Step */
            step: string;
        };
        /**
         * Ramp
         * @description How many items of the run may be at work at once: ``start`` at first, and ``factor`` times as
         *     many after every ``every_seconds`` that the run is active, until the flow key allows fewer.
         */
        Ramp: {
            /**
             * Everyseconds
             * @default 60
             */
            everySeconds: number;
            /**
             * Factor
             * @default 2
             */
            factor: number;
            /** Start */
            start: number;
        };
        /** ReadyAnswer */
        ReadyAnswer: {
            /** Checks */
            checks: {
                [key: string]: boolean;
            };
            /** Reasons */
            reasons: {
                [key: string]: string;
            };
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** RemovedAnswer */
        RemovedAnswer: {
            /** Removed */
            removed: string;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** RemovedNotificationTargetAnswer */
        RemovedNotificationTargetAnswer: {
            /** Removed */
            removed: string;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** ResultDiffView */
        ResultDiffView: {
            /**
             * Diff
             * @description unified, of what is stored and the result, as JSON, and cut where it is long; null: too large to be compared line by line
             */
            diff: string | null;
            /** Itemid */
            itemId: string;
        };
        /**
         * Resume
         * @description What is left out stays as it is; null lifts a limit, and leaves the attempts to the
         *     family.
         */
        Resume: {
            /** Attempts */
            attempts?: number | null;
            budget?: components["schemas"]["Budget"] | null;
            /** Deadlineseconds */
            deadlineSeconds?: number | null;
            /** Maxfailurerate */
            maxFailureRate?: number | null;
            /**
             * Minitems
             * @default 1
             */
            minItems: number;
            /**
             * Note
             * @description why, for whoever looks later
             */
            note?: string | null;
            /**
             * Priority
             * @default 5
             */
            priority: number;
        };
        /** ResumedAnswer */
        ResumedAnswer: {
            /** Itemid */
            itemId: string;
            /** Message */
            message: string;
            /** Step */
            step: string | string[];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** ResumeItem */
        ResumeItem: {
            /**
             * Data
             * @description the answer, as the step's schema asks for it
             */
            data?: unknown;
            /**
             * Step
             * @description may be left out where only one waits
             */
            step?: string | string[] | null;
        };
        /**
         * Retry
         * @description All conditions that are given must hold.
         */
        Retry: {
            /**
             * Approval
             * @description count, then wait until somebody approves; null: as the family says
             */
            approval?: boolean | null;
            /**
             * Attempts
             * @description executions of one item that may fail before it is failed; null: as the family says
             */
            attempts?: number | null;
            /** Errorclass */
            errorClass?: string | null;
            /**
             * Fresh
             * @description begin anew, without the steps that they remember
             * @default false
             */
            fresh: boolean;
            /**
             * Group
             * @description of GET /api/runs/{id}/failures
             */
            group?: string | null;
            /** Itemids */
            itemIds?: (string | number)[] | null;
            /**
             * Note
             * @description why, for whoever looks later
             */
            note?: string | null;
            /**
             * Status
             * @description an outcome, or a list of them
             * @default [
             *       "failed",
             *       "timed_out"
             *     ]
             */
            status: components["schemas"]["ItemStatus"] | components["schemas"]["ItemStatus"][];
        };
        /** RetryAnswer */
        RetryAnswer: {
            /**
             * Items
             * @description how many the new run begins with
             */
            items: number;
            /** Message */
            message: string;
            /** Retryof */
            retryOf: string;
            /** Runid */
            runId: string;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** RunAnswer */
        RunAnswer: {
            /** @description of GET /api/runs/{id}; null: it has not begun, or the family has none */
            finish?: components["schemas"]["FinishView"] | null;
            run: components["schemas"]["RunView"];
            /**
             * Success
             * @default true
             */
            success: boolean;
            /** @description of GET /api/runs/{id}; null: it is not traced */
            trace?: components["schemas"]["TraceView"] | null;
        };
        /**
         * RunOptions
         * @description A run's options as its row keeps them, with the family's defaults filled in.
         */
        RunOptions: {
            /**
             * Approval
             * @default false
             */
            approval: boolean;
            /** Attempts */
            attempts?: number | null;
            /**
             * Autopromote
             * @default false
             */
            autoPromote: boolean;
            budget?: components["schemas"]["Budget"] | null;
            /** Canary */
            canary?: number | null;
            /** Deadlineseconds */
            deadlineSeconds?: number | null;
            /** Maxfailurerate */
            maxFailureRate?: number | null;
            /**
             * Minitems
             * @default 50
             */
            minItems: number;
            /**
             * Priority
             * @default 5
             */
            priority: number;
            ramp?: components["schemas"]["Ramp"] | null;
        };
        /** RunsAnswer */
        RunsAnswer: {
            /** Nextcursor */
            nextCursor: string | null;
            /** Runs */
            runs: components["schemas"]["RunView"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /**
         * RunStage
         * @description What part of its work a run is at.
         * @enum {string}
         */
        RunStage: "waiting" | "canary" | "full" | "finishing";
        /**
         * RunStatus
         * @enum {string}
         */
        RunStatus: "pending" | "running" | "paused" | "cancelling" | "succeeded" | "partial" | "failed" | "cancelled";
        /** RunView */
        RunView: {
            actual: components["schemas"]["ActualView"];
            /**
             * Backfillid
             * @description whose partition it is over; null: nobody's
             */
            backfillId: string | null;
            counters: components["schemas"]["CountersView"];
            /**
             * Createdat
             * Format: date-time
             */
            createdAt: string;
            /**
             * Cursor
             * @description where paging stands; null: at the start
             */
            cursor: string | null;
            /** Deadlineat */
            deadlineAt: string | null;
            /**
             * Detail
             * @description the same as a sentence
             */
            detail: string | null;
            /**
             * Ended
             * @description items that have an outcome
             */
            ended: number;
            /**
             * Entity
             * @description what its caller handed over for its one item; null: its items are loaded
             */
            entity: {
                [key: string]: unknown;
            } | null;
            /** @description made when the run began */
            estimate: components["schemas"]["Estimate"] | null;
            /** Family */
            family: string;
            /** Finishedat */
            finishedAt: string | null;
            /**
             * Finishof
             * @description the run that this one finishes; null: none
             */
            finishOf: string | null;
            /**
             * Follows
             * @description the run by whose success, or by a step of whose item or finish, it began, and which does not wait for it; null: none
             */
            follows: string | null;
            /** Force */
            force: boolean;
            /** Id */
            id: string;
            /**
             * Itemids
             * @description how many ids the caller named; null: by eligibility
             */
            itemIds: number | null;
            /**
             * Itemlist
             * @description the list of ids that the caller named
             */
            itemList: string | null;
            /** Limit */
            limit: number | null;
            options: components["schemas"]["RunOptions"];
            /**
             * Paged
             * @description all pages are read
             */
            paged: boolean;
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /** @description whose step it is; null: nobody's */
            parent: components["schemas"]["ParentView"] | null;
            /**
             * Pausedkeys
             * @description flow keys of its family that an operator has paused, so that nothing new of it starts under them, whatever its status; empty: none, or it has ended
             */
            pausedKeys: string[];
            /**
             * Reason
             * @description a word: why it is paused, cannot go on just now, or ended as it did
             */
            reason: string | null;
            /**
             * Retryof
             * @description the run whose items it tries once more
             */
            retryOf: string | null;
            stage: components["schemas"]["RunStage"];
            /** Startedat */
            startedAt: string | null;
            /** Startedby */
            startedBy: string;
            status: components["schemas"]["RunStatus"];
            /** @description why nothing new of it starts, whatever its status; null: nothing holds it */
            throttled: components["schemas"]["ThrottledView"] | null;
        };
        /**
         * SampleAnswer
         * @description What a uniform sample of a run's items came to. Nothing was saved.
         */
        SampleAnswer: {
            /** Alreadyprocessed */
            alreadyProcessed: number | null;
            /** Asked */
            asked: number;
            /**
             * Begun
             * @description of the chosen; the others were not executed: see stopped
             */
            begun: number;
            /**
             * Changed
             * @description of the compared, whose result is another
             */
            changed: number;
            /**
             * Chosen
             * @description as many as were asked for, or all that there are
             */
            chosen: number;
            /**
             * Compared
             * @description succeeded, and something is stored for them
             */
            compared: number;
            /**
             * Comparisonfault
             * @description why some could not be compared; null: nothing went wrong
             */
            comparisonFault: string | null;
            /**
             * Detail
             * @description the sentence to that
             */
            detail: string | null;
            /**
             * Diffs
             * @description of a few of them
             */
            diffs: components["schemas"]["ResultDiffView"][];
            /**
             * Dryrun
             * @default true
             * @constant
             */
            dryRun: true;
            /** @description of a run over all of them, by what the sample took */
            estimate: components["schemas"]["Estimate"];
            /**
             * Exact
             * @description false: the count took too long; the numbers are extrapolated, and the sample is of what was counted
             */
            exact: boolean;
            /**
             * Groups
             * @description the largest first
             */
            groups: components["schemas"]["SampleGroupView"][];
            /**
             * Medianmilliseconds
             * @description of those that went to their end, as p95; null: none did
             */
            medianMilliseconds: number | null;
            /** Message */
            message: string;
            outcomes: components["schemas"]["SampleOutcomes"];
            /** P95Milliseconds */
            p95Milliseconds: number | null;
            /**
             * Seconds
             * @description that the sample took
             */
            seconds: number;
            spent: components["schemas"]["SpentView"];
            /** @description why no others began; null: all have */
            stopped: components["schemas"]["SampleStop"] | null;
            /**
             * Stops
             * @description likewise, twenty at most
             */
            stops: components["schemas"]["SampleStopView"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
            /**
             * Toprocess
             * @description what a run would be for
             */
            toProcess: number | null;
            /** Totaleligible */
            totalEligible: number | null;
        };
        /**
         * SampleGroupView
         * @description Items that did not succeed and say the same of it.
         */
        SampleGroupView: {
            /** Count */
            count: number;
            /**
             * Errorclass
             * @description null: of those that are skipped
             */
            errorClass: string | null;
            /**
             * Message
             * @description without what differs from item to item
             */
            message: string;
            outcome: components["schemas"]["SampleOutcome"];
            /**
             * Retried
             * @description of them, that a run would try again
             */
            retried: number;
            /**
             * Samples
             * @description a few item ids
             */
            samples: string[];
        };
        /**
         * SampleOutcome
         * @description What would become of an item, as far as a preview goes.
         * @enum {string}
         */
        SampleOutcome: "succeeded" | "skipped" | "failed" | "timed_out" | "suspended" | "postponed" | "unfinished";
        /**
         * SampleOutcomes
         * @description How many of the items would end so.
         */
        SampleOutcomes: {
            /**
             * Failed
             * @description those that a run would try again among them
             */
            failed: number;
            /**
             * Postponed
             * @description ask to be called again later
             */
            postponed: number;
            /** Skipped */
            skipped: number;
            /** Succeeded */
            succeeded: number;
            /**
             * Suspended
             * @description stop at a step that no preview may go through: see stops
             */
            suspended: number;
            /** Timedout */
            timedOut: number;
            /**
             * Unfinished
             * @description were broken off, because the sample's time was over
             */
            unfinished: number;
        };
        /**
         * SampleStop
         * @description Why a sample began no more of its items.
         * @enum {string}
         */
        SampleStop: "deadline" | "budget" | "systemic" | "refused";
        /**
         * SampleStopView
         * @description Items that stop at one step; ``payload`` is the first one's.
         */
        SampleStopView: {
            /** Count */
            count: number;
            kind: components["schemas"]["StepKind"];
            /**
             * Payload
             * @description what a person would be shown, what would be called, or which event would be waited for
             */
            payload: unknown;
            /**
             * Samples
             * @description a few item ids
             */
            samples: string[];
            /** Step */
            step: string;
        };
        /** ScheduleAnswer */
        ScheduleAnswer: {
            schedule: components["schemas"]["ScheduleView"];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** ScheduledAnswer */
        ScheduledAnswer: {
            /**
             * Itemid
             * @description of the entity that the caller handed over; null: there was none
             */
            itemId?: string | null;
            /** Message */
            message: string;
            /** Runid */
            runId: string;
            /**
             * Scheduled
             * @description items that are new to the run
             */
            scheduled: number;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** ScheduleLastRunView */
        ScheduleLastRunView: {
            /** Id */
            id: string;
            /** @description null: it was pruned */
            status: components["schemas"]["RunStatus"] | null;
        };
        /**
         * ScheduleOptions
         * @description Options of a schedule's runs, as its row keeps them: only those that were named. For the
         *     others, the family's values are read anew at each fire time.
         */
        ScheduleOptions: {
            /** Approval */
            approval?: boolean | null;
            /** Attempts */
            attempts?: number | null;
            /**
             * Autopromote
             * @default false
             */
            autoPromote: boolean;
            budget?: components["schemas"]["Budget"] | null;
            /** Canary */
            canary?: number | null;
            /** Deadlineseconds */
            deadlineSeconds?: number | null;
            /**
             * Force
             * @default false
             */
            force: boolean;
            /** Limit */
            limit?: number | null;
            /** Maxfailurerate */
            maxFailureRate?: number | null;
            /** Minitems */
            minItems?: number | null;
            /** Priority */
            priority?: number | null;
            ramp?: components["schemas"]["Ramp"] | null;
        };
        /** SchedulesAnswer */
        SchedulesAnswer: {
            /** Nextcursor */
            nextCursor: string | null;
            /** Schedules */
            schedules: components["schemas"]["ScheduleView"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** ScheduleView */
        ScheduleView: {
            catchUp: components["schemas"]["CatchUp"];
            /**
             * Changedat
             * Format: date-time
             */
            changedAt: string;
            /** Changedby */
            changedBy: string;
            /**
             * Createdat
             * Format: date-time
             */
            createdAt: string;
            /** Createdby */
            createdBy: string;
            /**
             * Declared
             * @description false: the code has it no more, and it never fires
             */
            declared: boolean;
            /** Expression */
            expression: string;
            /** Family */
            family: string;
            /** Id */
            id: string;
            /** @description what came of the last fire time */
            last: components["schemas"]["LastFireView"] | null;
            /** @description the last that it started */
            lastRun: components["schemas"]["ScheduleLastRunView"] | null;
            /** Name */
            name: string;
            /**
             * Nextat
             * @description null: paused, not declared any more, or its family is not here
             */
            nextAt: string | null;
            /**
             * Nextfiretimes
             * @description five, with `nextAt`
             */
            nextFireTimes: string[];
            options: components["schemas"]["ScheduleOptions"];
            origin: components["schemas"]["Origin"];
            /**
             * Orphaned
             * @description true: its family is not here any more; it never fires, and may be deleted
             */
            orphaned: boolean;
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /** Paused */
            paused: boolean;
            /**
             * Refused
             * @description why its family's code, as it is now, takes no run of it; null: it takes one
             */
            refused: string | null;
            /** Tz */
            tz: string;
            /**
             * Words
             * @description the same in plain words
             */
            words: string | null;
        };
        /**
         * Scope
         * @description What a token is for. The routes that ask for each: ``app.api.auth.scopes``.
         * @enum {string}
         */
        Scope: "read" | "run" | "approve" | "cron" | "event";
        /** SentEventsAnswer */
        SentEventsAnswer: {
            /** Events */
            events: components["schemas"]["SentEventView"][];
            /** Nextcursor */
            nextCursor: string | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** SentEventView */
        SentEventView: {
            /**
             * At
             * Format: date-time
             * @description when it happened, by its sender's clock
             */
            at: string;
            /**
             * Detail
             * @description why a family could not use it; null: each could
             */
            detail: string | null;
            /** Id */
            id: string;
            /** Name */
            name: string;
            /**
             * Receivedat
             * Format: date-time
             */
            receivedAt: string;
            /**
             * Sender
             * @description the name of the token that sent it, or webhook and its source
             */
            sender: string;
            /** Starts */
            starts: components["schemas"]["EventStartView"][];
            /** Unmatched */
            unmatched: boolean;
            /**
             * Woke
             * @description items that have waited for it, and went on with it
             */
            woke: number;
            /**
             * Wokenrunids
             * @description of those items; at most 20
             */
            wokenRunIds: string[];
        };
        /** SessionAnswer */
        SessionAnswer: {
            /**
             * Expiresat
             * @description null: by a token in the header, for good
             */
            expiresAt: string | null;
            /**
             * Name
             * @description of the token
             */
            name: string;
            /**
             * Scopes
             * @description as they were configured
             */
            scopes: components["schemas"]["Scope"][];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** SignIn */
        SignIn: {
            /**
             * Token
             * Format: password
             * @description one of SLUICE_TOKENS
             */
            token: string;
        };
        /** SpentView */
        SpentView: {
            /** Tokens */
            tokens: number;
            /** Usd */
            usd: number;
        };
        /** StartedAnswer */
        StartedAnswer: {
            /**
             * Itemid
             * @description of the entity that the caller handed over; null: there was none
             */
            itemId?: string | null;
            /** Message */
            message: string;
            /** Runid */
            runId: string;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** StepAtWorkView */
        StepAtWorkView: {
            /**
             * Attempt
             * @description which one of its tries, from 1
             */
            attempt: number;
            /** Name */
            name: string;
            /**
             * Since
             * Format: date-time
             */
            since: string;
        };
        /**
         * StepBatchView
         * @description The provider's batch for which a step waits.
         */
        StepBatchView: {
            /** Expiresat */
            expiresAt: string | null;
            /**
             * Id
             * @description null: its request is in none yet; see provider-batches
             */
            id: string | null;
            /**
             * Remotestatus
             * @description in the provider's words
             */
            remoteStatus: string | null;
            state: components["schemas"]["BatchState"] | null;
        };
        /**
         * StepKind
         * @description What a step is.
         * @enum {string}
         */
        StepKind: "run" | "call" | "sleep" | "suspend" | "event" | "child" | "start" | "deferred";
        /**
         * StepStatus
         * @enum {string}
         */
        StepStatus: "done" | "failed" | "waiting" | "suspended";
        /** StepView */
        StepView: {
            /** Answeredby */
            answeredBy: string | null;
            /** Attempts */
            attempts: number;
            /** @description for which it waits; null: for none */
            batch: components["schemas"]["StepBatchView"] | null;
            /** Childrunid */
            childRunId: string | null;
            /**
             * Dueat
             * @description when it goes on by itself
             */
            dueAt: string | null;
            /** Errorclass */
            errorClass: string | null;
            /** Errormessage */
            errorMessage: string | null;
            /** Finishedat */
            finishedAt: string | null;
            kind: components["schemas"]["StepKind"];
            /** Name */
            name: string;
            /**
             * Payload
             * @description what a person is shown, what is called, or the `event` that it waits for, with the `value` that stands at `match`
             */
            payload: unknown;
            /**
             * Payloadschema
             * @description of what a person is shown, where that is a model
             */
            payloadSchema: {
                [key: string]: unknown;
            } | null;
            /**
             * Position
             * @description which one it was to be asked for, from 1
             */
            position: number;
            /**
             * Result
             * @description as it is remembered; what JSON has no word for is an object with the key `$`
             */
            result: unknown;
            /**
             * Schema
             * @description of the answer
             */
            schema: {
                [key: string]: unknown;
            } | null;
            /**
             * Startedat
             * Format: date-time
             */
            startedAt: string;
            status: components["schemas"]["StepStatus"];
        };
        /**
         * StopView
         * @description Where a preview stopped: at what it must not do, or cannot wait for.
         */
        StopView: {
            kind: components["schemas"]["StepKind"];
            /**
             * Payload
             * @description what a person would be shown, what would be called, or which event would be waited for
             */
            payload: unknown;
            /** Step */
            step: string;
        };
        /** SuspendedAnswer */
        SuspendedAnswer: {
            /** Nextcursor */
            nextCursor: string | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
            /** Suspended */
            suspended: components["schemas"]["SuspendedView"][];
        };
        /** SuspendedView */
        SuspendedView: {
            /**
             * Expiresat
             * @description when it goes on with null
             */
            expiresAt: string | null;
            /** Itemid */
            itemId: string;
            /**
             * Payload
             * @description what whoever answers is to see
             */
            payload: unknown;
            /**
             * Payloadschema
             * @description of the payload; null: it is no model
             */
            payloadSchema: {
                [key: string]: unknown;
            } | null;
            /**
             * Runid
             * @description whose step it is: this run, or a child's
             */
            runId: string;
            /**
             * Schema
             * @description of the answer; null: any
             */
            schema: {
                [key: string]: unknown;
            } | null;
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /**
             * Step
             * @description its name; of a child's step the path that leads there
             */
            step: string | string[];
        };
        /**
         * TargetKind
         * @description The form in which messages are sent to a target.
         * @enum {string}
         */
        TargetKind: "webhook" | "slack";
        /** ThrottledView */
        ThrottledView: {
            /**
             * Nextlook
             * Format: date-time
             * @description when its family's throttle is asked again, or it goes on
             */
            nextLook: string;
            /** Reason */
            reason: string;
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /**
             * Until
             * @description until then who is called wants no call; null: its family's throttle holds it, until a look finds that all is well
             */
            until: string | null;
        };
        /** TickAnswer */
        TickAnswer: {
            /**
             * Cutoff
             * @description what took too long, and goes on with the next tick
             */
            cutOff: string[];
            /**
             * Done
             * @description what was seen to
             */
            done: string[];
            /**
             * Elsewhere
             * @description what another tick has in hand
             */
            elsewhere: string[];
            /**
             * Failed
             * @description what was not: the service's log says why
             */
            failed: string[];
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /**
         * TraceView
         * @description Where the trace of a run, or of an item of it, is looked at.
         */
        TraceView: {
            /**
             * Traceid
             * @description 32 hexadecimal digits
             */
            traceId: string;
            /**
             * Url
             * @description where it is looked at, by SLUICE_TRACE_URL
             */
            url: string | null;
        };
        /** UnmatchedEventsAnswer */
        UnmatchedEventsAnswer: {
            /** Names */
            names: components["schemas"]["UnmatchedEventsView"][];
            /** Nextcursor */
            nextCursor: string | null;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** UnmatchedEventsView */
        UnmatchedEventsView: {
            /**
             * Count
             * @description of the time for which events are kept; at most 10000
             */
            count: number;
            /**
             * Exact
             * @description false: there are more
             */
            exact: boolean;
            /**
             * Lastat
             * Format: date-time
             * @description when the last one was received
             */
            lastAt: string;
            /** Name */
            name: string;
        };
        /**
         * WaitingCallsView
         * @description Requests that are in no batch yet, of one provider, URL and model.
         */
        WaitingCallsView: {
            /** Model */
            model: string;
            /** Number */
            number: number;
            /** Provider */
            provider: string;
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /** Url */
            url: string;
        };
        /**
         * WebhookTakenAnswer
         * @description Says nothing of what the event leads to: its sender need not know.
         */
        WebhookTakenAnswer: {
            /**
             * Duplicate
             * @description it was there already, and nothing was done
             */
            duplicate: boolean;
            /**
             * Id
             * @description by which it is known
             */
            id: string;
            /**
             * Success
             * @default true
             */
            success: boolean;
        };
        /** WelcomePlaceholderCron */
        WelcomePlaceholderCron: {
            /**
             * Approval
             * @description count, then wait until somebody approves; null: as the family says
             */
            approval?: boolean | null;
            /**
             * Attempts
             * @description executions of one item that may fail before it is failed; null: as the family says
             */
            attempts?: number | null;
            /**
             * Autopromote
             * @description after a canary that is healthy, go on without being asked
             * @default false
             */
            autoPromote: boolean;
            /** @description pause when so much is spent */
            budget?: components["schemas"]["Budget"] | null;
            /**
             * Canary
             * @description so many items first, then pause
             */
            canary?: number | null;
            /**
             * Deadlineseconds
             * @description pause after so long
             */
            deadlineSeconds?: number | null;
            /**
             * Firetime
             * @description the moment that this call is for, with its offset from UTC
             */
            fireTime?: string | null;
            /**
             * Force
             * @description also those that already have a result
             * @default false
             */
            force: boolean;
            /**
             * Limit
             * @description items at most
             */
            limit?: number | null;
            /**
             * Maxfailurerate
             * @description a larger share of failed items pauses the run
             */
            maxFailureRate?: number | null;
            /**
             * Minitems
             * @description that must have ended before it is judged
             */
            minItems?: number | null;
            params?: components["schemas"]["PaidOnly"];
            /**
             * Priority
             * @description 0 to 9: a higher one goes first; null: as the family says
             */
            priority?: number | null;
            /** @description begin with few at once, and grow */
            ramp?: components["schemas"]["Ramp"] | null;
        };
        /** WelcomePlaceholderExecute */
        WelcomePlaceholderExecute: {
            /**
             * Approval
             * @description count, then wait until somebody approves; null: as the family says
             */
            approval?: boolean | null;
            /**
             * Attempts
             * @description executions of one item that may fail before it is failed; null: as the family says
             */
            attempts?: number | null;
            /**
             * Dryrun
             * @description execute, save nothing, and answer what would change
             * @default false
             */
            dryRun: boolean;
            params?: components["schemas"]["PaidOnly"];
            /**
             * Priority
             * @description 0 to 9: a higher one goes first; null: as the family says
             */
            priority?: number | null;
            /**
             * Runid
             * @description a running run; else one is made for it
             */
            runId?: string | null;
            /**
             * Userid
             * @description of one user
             */
            userId: string | number;
        };
        /** WelcomePlaceholderPaginate */
        WelcomePlaceholderPaginate: {
            /**
             * Cursor
             * @description of GET /api/runs/{id}
             */
            cursor?: string | null;
            /**
             * Itemids
             * @description a chunk, in place of a cursor
             */
            itemIds?: (string | number)[] | null;
            /** Runid */
            runId: string;
        };
        /** WelcomePlaceholderProcess */
        WelcomePlaceholderProcess: {
            /**
             * Approval
             * @description count, then wait until somebody approves; null: as the family says
             */
            approval?: boolean | null;
            /**
             * Attempts
             * @description executions of one item that may fail before it is failed; null: as the family says
             */
            attempts?: number | null;
            /**
             * Autopromote
             * @description after a canary that is healthy, go on without being asked
             * @default false
             */
            autoPromote: boolean;
            /** @description pause when so much is spent */
            budget?: components["schemas"]["Budget"] | null;
            /**
             * Canary
             * @description so many items first, then pause
             */
            canary?: number | null;
            /**
             * Deadlineseconds
             * @description pause after so long
             */
            deadlineSeconds?: number | null;
            /**
             * Dryrun
             * @description answer statistics only; start nothing
             * @default false
             */
            dryRun: boolean;
            /**
             * Force
             * @description also those that already have a result
             * @default false
             */
            force: boolean;
            /**
             * Itemids
             * @description exactly these users
             */
            itemIds?: (string | number)[] | null;
            /**
             * Itemlist
             * @description exactly those of this list: see POST /api/item-lists
             */
            itemList?: string | null;
            /**
             * Limit
             * @description items at most
             */
            limit?: number | null;
            /**
             * Maxfailurerate
             * @description a larger share of failed items pauses the run
             */
            maxFailureRate?: number | null;
            /**
             * Minitems
             * @description that must have ended before it is judged
             */
            minItems?: number | null;
            params?: components["schemas"]["PaidOnly"];
            /**
             * Priority
             * @description 0 to 9: a higher one goes first; null: as the family says
             */
            priority?: number | null;
            /** @description begin with few at once, and grow */
            ramp?: components["schemas"]["Ramp"] | null;
        };
        /** WelcomePlaceholderSample */
        WelcomePlaceholderSample: {
            /** @description when so much is spent, nothing else begins */
            budget?: components["schemas"]["Budget"] | null;
            /**
             * Force
             * @description also of those that already have a result
             * @default false
             */
            force: boolean;
            /**
             * Itemids
             * @description of exactly these users
             */
            itemIds?: (string | number)[] | null;
            /**
             * Itemlist
             * @description of exactly those of this list: see POST /api/item-lists
             */
            itemList?: string | null;
            /**
             * Limit
             * @description of the run that is estimated: its items
             */
            limit?: number | null;
            params?: components["schemas"]["PaidOnly"];
            /**
             * Seconds
             * @description for all of it; what is at work then is broken off
             * @default 60
             */
            seconds: number;
            /**
             * Size
             * @description users to execute at the most
             * @default 50
             */
            size: number;
        };
        /** WorkerView */
        WorkerView: {
            /**
             * Concurrency
             * @description items in its hands at once, at the most
             */
            concurrency: number;
            /** Host */
            host: string;
            /** Id */
            id: string;
            /**
             * Inhand
             * @description items in its hands, also those that wait for their turn
             */
            inHand: number;
            /**
             * Lastseenat
             * Format: date-time
             */
            lastSeenAt: string;
            /** Pid */
            pid: number;
            /**
             * Startedat
             * Format: date-time
             */
            startedAt: string;
            /**
             * Threads
             * @description for methods that are plain def
             */
            threads: number;
            /** Threadsbusy */
            threadsBusy: number;
            /**
             * Threadsleftbehind
             * @description of those that are busy: the item has timed out, and its code goes on
             */
            threadsLeftBehind: number;
            /** Version */
            version: string;
            /**
             * Waitingforconnection
             * @description to Postgres; likewise
             */
            waitingForConnection: number;
            /**
             * Waitingforthread
             * @description calls; the time limit of their items stands still
             */
            waitingForThread: number;
        };
    };
    responses: {
        /** @description The present state forbids it */
        Conflict: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The item's execution failed, or the family is not ready */
        FailedDependency: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The token lacks the scope */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such thing */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is too large */
        RequestEntityTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The headers are too large */
        RequestHeaderFieldsTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request did not come to its end in time */
        RequestTimeout: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Path and query are too long */
        RequestUriTooLong: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Something that is needed does not answer; try again */
        ServiceUnavailable: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many at once; `Retry-After` says when to come again */
        TooManyRequests: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description No token, or one that is not known */
        Unauthorized: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description What was sent cannot be used; `errors` names the fields */
        UnprocessableEntity: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_audit_api_audit_get: {
        parameters: {
            query?: {
                action?: components["schemas"]["AuditAction"] | null;
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                /** @description null: as Accept says */
                format?: ("json" | "csv") | null;
                /** @description then or later */
                from?: string | null;
                /** @description how many to answer at most */
                limit?: number;
                /** @description a flow key, or an id */
                name?: string | null;
                subject?: components["schemas"]["AuditSubject"] | null;
                /** @description and before this */
                to?: string | null;
                /** @description a token's name */
                who?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A list; with Accept: text/csv, or `format=csv`, one file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditAnswer"];
                    "text/csv": string;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_backfills_api_backfills_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                family?: string | null;
                /** @description how many to answer at most */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillsAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    begin_backfill_api_backfills_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 200 printable ASCII characters of your own making; the same call under the same key is answered as before, and starts nothing */
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewBackfill"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillDryRunAnswer"] | components["schemas"]["BackfillStartedAnswer"];
                };
            };
            /** @description It has begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillStartedAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_backfill_api_backfills__backfill_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                backfill_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    cancel_backfill_api_backfills__backfill_id__cancel_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                backfill_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_partitions_api_backfills__backfill_id__partitions_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                /** @description how many to answer at most */
                limit?: number;
            };
            header?: never;
            path: {
                backfill_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PartitionsAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    pause_backfill_api_backfills__backfill_id__pause_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                backfill_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    resume_backfill_api_backfills__backfill_id__resume_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                backfill_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    "welcome-placeholder.cron": {
        parameters: {
            query?: {
                /** @description as the body's, for a caller that can send no body */
                fireTime?: string | null;
            };
            header?: {
                /** @description 1 to 200 printable ASCII characters of your own making; the same call under the same key is answered as before, and starts nothing */
                "Idempotency-Key"?: string | null;
                /** @description what Cloud Scheduler tells */
                "X-CloudScheduler-ScheduleTime"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["WelcomePlaceholderCron"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FiredAnswer"];
                };
            };
            /** @description A run was started */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FiredAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_events_api_events_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                /** @description how many to answer at most */
                limit?: number;
                /** @description only those of this name */
                name?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SentEventsAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    send_events_api_events_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 200 printable ASCII characters of your own making; the same call under the same key is answered as before, and starts nothing */
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewEvent"] | components["schemas"]["NewEvent"][];
            };
        };
        responses: {
            /** @description All of them were there already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsSentAnswer"];
                };
            };
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsSentAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_unmatched_events_api_events_unmatched_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                /** @description how many to answer at most */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UnmatchedEventsAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_families_api_families_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FamiliesAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_coverage_api_families__family__coverage_get: {
        parameters: {
            query?: {
                /** @description count; without it only what was recorded is answered */
                now?: boolean;
                /** @description the family's params, as JSON; else its own */
                params?: string | null;
            };
            header?: never;
            path: {
                family: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CoverageAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    forget_results_api_families__family__forget_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                family: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ForgetBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ForgottenAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_file_api_files__path__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": unknown;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_flow_control_api_flow_control_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowsAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_flow_control_api_flow_control__key__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description such as invoice-reminder.execute */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    pin_flow_control_api_flow_control__key__put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description such as invoice-reminder.execute */
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Pin"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    reset_flow_control_api_flow_control__key__delete: {
        parameters: {
            query?: {
                /** @description why, for whoever looks later */
                note?: string | null;
            };
            header?: never;
            path: {
                /** @description such as invoice-reminder.execute */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_flow_history_api_flow_control__key__history_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description such as invoice-reminder.execute */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowHistoryAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    lift_flow_control_api_flow_control__key__lift_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description such as invoice-reminder.execute */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_flow_partitions_api_flow_control__key__partitions_get: {
        parameters: {
            query?: {
                limit?: number;
                /** @description this one alone */
                partition?: string | null;
            };
            header?: never;
            path: {
                /** @description such as invoice-reminder.execute */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowPartitionsAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    pin_flow_partition_api_flow_control__key__partitions_put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description such as invoice-reminder.execute */
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PinOfPartition"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowPartitionsAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    reset_flow_partition_api_flow_control__key__partitions_delete: {
        parameters: {
            query: {
                /** @description why, for whoever looks later */
                note?: string | null;
                partition: string;
            };
            header?: never;
            path: {
                /** @description such as invoice-reminder.execute */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowPartitionsAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    pause_flow_control_api_flow_control__key__pause_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description such as invoice-reminder.execute */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    resume_flow_control_api_flow_control__key__resume_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description such as invoice-reminder.execute */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    make_list_api_item_lists_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ItemListPart"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    add_to_list_api_item_lists__list_id__post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                list_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ItemListPart"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_targets_api_notifications_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                /** @description how many to answer at most */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationTargetsAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    create_target_api_notifications_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewNotificationTarget"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedNotificationTargetAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_target_api_notifications__target_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                target_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationTargetAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    remove_target_api_notifications__target_id__delete: {
        parameters: {
            query?: {
                /** @description why, for whoever looks later */
                note?: string | null;
            };
            header?: never;
            path: {
                target_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RemovedNotificationTargetAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_deliveries_api_notifications__target_id__deliveries_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                /** @description how many to answer at most */
                limit?: number;
                status?: components["schemas"]["DeliveryStatus"] | null;
            };
            header?: never;
            path: {
                target_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationDeliveriesAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    resend_delivery_api_notifications__target_id__deliveries__delivery_id__resend_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                delivery_id: number;
                target_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationDeliveryAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    enable_target_api_notifications__target_id__enable_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                target_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationTargetAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    try_target_api_notifications__target_id__test_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                target_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationDeliveryAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_overview_api_overview_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OverviewAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_provider_batches_api_provider_batches_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                /** @description how many to answer at most */
                limit?: number;
                /** @description only those that have not ended */
                open?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderBatchesAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    tick_api_qstash_tick_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TickAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_runs_api_runs_get: {
        parameters: {
            query?: {
                /** @description those of this one */
                backfill?: string | null;
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                family?: string | null;
                /** @description those that began by it, or by a step of it */
                follows?: string | null;
                /** @description created then or later */
                from?: string | null;
                /** @description how many to answer at most */
                limit?: number;
                /** @description its children; else runs of their own only */
                parent?: string | null;
                retryOf?: string | null;
                startedBy?: string | null;
                status?: components["schemas"]["RunStatus"] | null;
                /** @description and before this */
                to?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunsAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_run_api_runs__run_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    approve_run_api_runs__run_id__approve_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    cancel_run_api_runs__run_id__cancel_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_events_api_runs__run_id__events_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                /** @description how many to answer at most */
                limit?: number;
            };
            header?: {
                /** @description of a stream: go on behind this one */
                "Last-Event-ID"?: string | null;
            };
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A list; with Accept: text/event-stream a stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsAnswer"];
                    "text/event-stream": unknown;
                };
            };
            /** @description Nothing will follow the event of Last-Event-ID */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_failures_api_runs__run_id__failures_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FailuresAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    failures_as_csv_api_runs__run_id__failures_csv_get: {
        parameters: {
            query?: {
                errorClass?: string | null;
                /** @description of GET /api/runs/{run_id}/failures */
                group?: string | null;
                /** @description null: both */
                status?: ("failed" | "timed_out") | null;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A file, as it is made. Its connection is broken off where the rest cannot be had */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    failures_as_ndjson_api_runs__run_id__failures_ndjson_get: {
        parameters: {
            query?: {
                errorClass?: string | null;
                /** @description of GET /api/runs/{run_id}/failures */
                group?: string | null;
                /** @description null: both */
                status?: ("failed" | "timed_out") | null;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A file, as it is made. Its connection is broken off where the rest cannot be had */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    finish_run_api_runs__run_id__finish_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_history_api_runs__run_id__history_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HistoryAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_item_api_runs__run_id__item_get: {
        parameters: {
            query: {
                /** @description whatever it holds */
                id: string;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ItemAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    make_link_api_runs__run_id__item_link_post: {
        parameters: {
            query: {
                /** @description whatever it holds */
                id: string;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["LinkBody"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    resume_item_api_runs__run_id__item_resume_post: {
        parameters: {
            query: {
                /** @description whatever it holds */
                id: string;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResumeItem"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResumedAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_stream_api_runs__run_id__item_stream_get: {
        parameters: {
            query: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                /** @description whatever it holds */
                id: string;
                /** @description how many to answer at most */
                limit?: number;
            };
            header?: {
                /** @description of a stream: go on behind this one */
                "Last-Event-ID"?: string | null;
            };
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A list; with Accept: text/event-stream a stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChunksAnswer"];
                    "text/event-stream": unknown;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_items_api_runs__run_id__items_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                /** @description also results of more than 10,000 bytes */
                largeResults?: boolean;
                /** @description how many to answer at most */
                limit?: number;
                status?: components["schemas"]["ItemStatus"] | null;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ItemsAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    items_as_csv_api_runs__run_id__items_csv_get: {
        parameters: {
            query?: {
                /** @description null: any */
                status?: components["schemas"]["ItemStatus"] | null;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A file, as it is made. Its connection is broken off where the rest cannot be had */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    items_as_ndjson_api_runs__run_id__items_ndjson_get: {
        parameters: {
            query?: {
                /** @description null: any */
                status?: components["schemas"]["ItemStatus"] | null;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A file, as it is made. Its connection is broken off where the rest cannot be had */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_item_by_path_api_runs__run_id__items__item_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description one that is a segment of a path */
                item_id: string;
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ItemAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    make_link_by_path_api_runs__run_id__items__item_id__link_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description one that is a segment of a path */
                item_id: string;
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["LinkBody"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    resume_item_by_path_api_runs__run_id__items__item_id__resume_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description one that is a segment of a path */
                item_id: string;
                run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResumeItem"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResumedAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_stream_by_path_api_runs__run_id__items__item_id__stream_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                /** @description how many to answer at most */
                limit?: number;
            };
            header?: {
                /** @description of a stream: go on behind this one */
                "Last-Event-ID"?: string | null;
            };
            path: {
                /** @description one that is a segment of a path */
                item_id: string;
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A list; with Accept: text/event-stream a stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChunksAnswer"];
                    "text/event-stream": unknown;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_layers_api_runs__run_id__layers_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LayersAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    pause_run_api_runs__run_id__pause_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    resume_run_api_runs__run_id__resume_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Resume"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    retry_run_api_runs__run_id__retry_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 200 printable ASCII characters of your own making; the same call under the same key is answered as before, and starts nothing */
                "Idempotency-Key"?: string | null;
            };
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Retry"] | null;
            };
        };
        responses: {
            /** @description An earlier call had started it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetryAnswer"];
                };
            };
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetryAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            424: components["responses"]["FailedDependency"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_suspended_api_runs__run_id__suspended_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                /** @description how many to answer at most */
                limit?: number;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SuspendedAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_schedules_api_schedules_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                family?: string | null;
                /** @description how many to answer at most */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SchedulesAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    create_schedule_api_schedules_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSchedule"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_schedule_api_schedules__schedule_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description or family:… of a family's own */
                schedule_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    remove_schedule_api_schedules__schedule_id__delete: {
        parameters: {
            query?: {
                /** @description why, for whoever looks later */
                note?: string | null;
            };
            header?: never;
            path: {
                /** @description or family:… of a family's own */
                schedule_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RemovedAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    edit_schedule_api_schedules__schedule_id__patch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description or family:… of a family's own */
                schedule_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangedSchedule"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    pause_schedule_api_schedules__schedule_id__pause_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description or family:… of a family's own */
                schedule_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    resume_schedule_api_schedules__schedule_id__resume_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description or family:… of a family's own */
                schedule_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Noted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    run_schedule_api_schedules__schedule_id__run_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 200 printable ASCII characters of your own making; the same call under the same key is answered as before, and starts nothing */
                "Idempotency-Key"?: string | null;
            };
            path: {
                /** @description or family:… of a family's own */
                schedule_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An earlier call had started it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartedAnswer"];
                };
            };
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartedAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            424: components["responses"]["FailedDependency"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    look_ahead_api_schedules_fire_times_get: {
        parameters: {
            query: {
                /** @description five fields */
                expression: string;
                tz?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FireTimesAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_session_api_session_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    sign_in_api_session_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    sign_out_api_session_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_questions_api_suspended_get: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the answer before */
                cursor?: string | null;
                family?: string | null;
                /** @description how many to answer at most */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QuestionsAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    take_webhook_api_webhooks__source__post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description It was there already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookTakenAnswer"];
                };
            };
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookTakenAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    "welcome-placeholder.execute": {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 200 printable ASCII characters of your own making; the same call under the same key is answered as before, and starts nothing */
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WelcomePlaceholderExecute"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreviewAnswer"] | components["schemas"]["ScheduledAnswer"];
                };
            };
            /** @description It will be executed */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduledAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            424: components["responses"]["FailedDependency"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    "welcome-placeholder.paginate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WelcomePlaceholderPaginate"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduledAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    "welcome-placeholder.process": {
        parameters: {
            query?: {
                /** @description seconds to wait until the run has been counted: the answer has its numbers */
                wait?: number | null;
            };
            header?: {
                /** @description 1 to 200 printable ASCII characters of your own making; the same call under the same key is answered as before, and starts nothing */
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["WelcomePlaceholderProcess"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DryRunAnswer"] | components["schemas"]["CountedAnswer"] | components["schemas"]["StartedAnswer"];
                };
            };
            /** @description The run was started */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CountedAnswer"] | components["schemas"]["StartedAnswer"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            424: components["responses"]["FailedDependency"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    "welcome-placeholder.sample": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["WelcomePlaceholderSample"];
            };
        };
        responses: {
            /** @description With Accept: text/event-stream, a stream of `progress` that ends with `sample`, or with `problem` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SampleAnswer"];
                    "text/event-stream": unknown;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["RequestEntityTooLarge"];
            414: components["responses"]["RequestUriTooLong"];
            422: components["responses"]["UnprocessableEntity"];
            424: components["responses"]["FailedDependency"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    healthz_healthz_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
        };
    };
    readyz_readyz_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadyAnswer"];
                };
            };
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["RequestUriTooLong"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            /** @description Something does not answer */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadyAnswer"];
                };
            };
        };
    };
}
