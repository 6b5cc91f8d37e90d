/** Which part of the console may import which: `npm run imports`. Imports of types alone count, and
 * so do those that load a view when it is asked for. */

/** From the top down. A room imports what is below it, and nothing above. */
const ROOMS = [
  ["main", "ahead"],
  ["App"],
  ["views", "shell"],
  ["parts/runs", "parts/backfills", "parts/families"],
  ["parts/forms"],
  ["parts/loading"],
  ["parts/values", "parts/graphics"],
  ["parts/controls"],
  ["api"],
  ["page", "layout"],
  ["format"],
  ["strings", "styles"],
];
const within = (rooms) => `^src/(${rooms.join("|")})(/|\\.|$)`;

export default {
  forbidden: [
    {
      name: "no-circle",
      comment: "Modules that import one another can be neither read nor tested one by one.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    ...ROOMS.slice(1).map((rooms, number) => ({
      name: `one-way-down: ${rooms.join(", ")}`,
      comment: "What is imported belongs into a lower room, or this into a higher one.",
      severity: "error",
      from: { path: within(rooms) },
      to: { path: within(ROOMS.slice(0, number + 1).flat()) },
    })),
    {
      name: "in-a-room",
      comment: "A new room gets its place in ROOMS.",
      severity: "error",
      from: {},
      to: { path: "^src/", pathNot: within(ROOMS.flat()) },
    },
    {
      name: "views-apart",
      comment: "What two views show belongs into parts.",
      severity: "error",
      from: { path: "^src/(views|shell)/([^/]+)" },
      to: { path: "^src/(views|shell)/", pathNot: "^src/($1)/($2)(/|$)|^src/shell/" },
    },
    {
      name: "found",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
