// Writes src/api/schema.d.ts from the service's OpenAPI document. Needs the virtual environment of
// the service, but no server. One family stands for all: their routes have one shape.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import openapi, { astToString } from "openapi-typescript";

const root = new URL("../../", import.meta.url);
const document = execFileSync(
  new URL(".venv/bin/python", root).pathname,
  [
    "-c",
    `import json
from app.api.app import build_app
from app.workflows.families.welcome_placeholder import WelcomePlaceholders
print(json.dumps(build_app([WelcomePlaceholders()], [], lifespan=None).openapi()))`,
  ],
  { cwd: root, encoding: "utf8", maxBuffer: 50_000_000 },
);

const types = astToString(await openapi(JSON.parse(document), { alphabetize: true }));
writeFileSync(
  new URL("../src/api/schema.d.ts", import.meta.url),
  `// Made by \`npm run schema\`. Do not edit.\n\n${types}`,
);
