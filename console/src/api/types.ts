/** The shapes of the API under short names. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Run = Schemas["RunView"];
export type Finish = Schemas["FinishView"];
export type RunStatus = Schemas["RunStatus"];
export type Counters = Schemas["CountersView"];
export type Item = Schemas["ItemView"];
export type AtWork = Schemas["AtWorkView"];
export type Trace = Schemas["TraceView"];
export type ItemStatus = Schemas["ItemStatus"];
export type Step = Schemas["StepView"];
export type Question = Schemas["SuspendedView"];
export type RunEvent = Schemas["EventView"];
export type EventKind = Schemas["EventKind"];
export type Failure = Schemas["FailureView"];
export type Estimate = Schemas["Estimate"];
export type DryRun = Schemas["DryRunAnswer"];
export type Preview = Schemas["PreviewAnswer"];
export type Sample = Schemas["SampleAnswer"];
export type SampleOutcomes = Schemas["SampleOutcomes"];
export type AnswerLink = Schemas["LinkAnswer"];
export type Session = Schemas["SessionAnswer"];
export type Scope = Schemas["Scope"];

/** Of a run, what its stream tells while it goes on. */
export type Progress = Pick<
  Run,
  "status" | "stage" | "reason" | "detail" | "throttled" | "counters" | "ended" | "paged" | "actual"
>;

export type Family = Schemas["FamilyView"];
export type Flow = Schemas["FlowView"];
export type FlowUse = Schemas["FlowUse"];

export type FlowPartition = Schemas["FlowPartitionView"];
export type FlowPoint = Schemas["FlowPointView"];
export type Worker = Schemas["WorkerView"];
export type Overview = Schemas["OverviewAnswer"];
export type HistoryPoint = Schemas["PointView"];
export type Coverage = Schemas["CoverageAnswer"];

export type Layers = Schemas["LayersAnswer"];
export type Schedule = Schemas["ScheduleView"];

export type Backfill = Schemas["BackfillView"];
export type BackfillStatus = Schemas["BackfillStatus"];
export type BackfillItems = Schemas["ItemCounts"];
export type BackfillDryRun = Schemas["BackfillDryRunAnswer"];
export type Partition = Schemas["PartitionView"];
export type PartitionStatus = Schemas["PartitionStatus"];
export type OpenQuestion = Schemas["QuestionView"];
export type NotificationTarget = Schemas["NotificationTargetView"];
export type NotificationDelivery = Schemas["NotificationDeliveryView"];
export type SentEvent = Schemas["SentEventView"];
export type EventStart = Schemas["EventStartView"];
export type UnmatchedEvents = Schemas["UnmatchedEventsView"];
export type AuditEntry = Schemas["AuditEntryView"];
export type AuditAction = Schemas["AuditAction"];
export type AuditSubject = Schemas["AuditSubject"];
export type FireTimes = Schemas["FireTimesAnswer"];
