// Writes src/api/schema.d.ts from the service's OpenAPI document, which docs/generate/openapi.py prints.
// Needs the virtual environment of the service, but no server. One family stands for all: their
// routes have one shape. `SLUICE_ROOT` names another folder of the service.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import openapi, { astToString } from "openapi-typescript";

const root = pathToFileURL(
  `${process.env["SLUICE_ROOT"] ?? fileURLToPath(new URL("../..", import.meta.url))}/`,
);
const document = execFileSync(
  new URL(".venv/bin/python", root).pathname,
  ["-m", "docs.generate.openapi"],
  { cwd: root, encoding: "utf8", maxBuffer: 50_000_000 },
);

// tests/test_console_schema.py looks whether the document is still the one that this was made from.
const mark = createHash("sha256").update(document).digest("hex");
const types = astToString(await openapi(JSON.parse(document), { alphabetize: true }));
writeFileSync(
  new URL("../src/api/schema.d.ts", import.meta.url),
  `// Made by \`npm run schema\`. Do not edit.\n// OpenAPI document: ${mark}\n\n${types}`,
);
