import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const service = process.env["SLUICE_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig(({ command }) => ({
  // Of the build relative: the service says in the page where that is, behind whatever proxy.
  base: command === "build" ? "./" : "/console/",
  plugins: [react()],
  build: {
    outDir: fileURLToPath(new URL("../app/console/static", import.meta.url)),
    emptyOutDir: true,
    // These know light-dark(), by which each colour is said once.
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What every view needs is one file, and not one for each few lines of it.
        codeSplitting: {
          groups: [
            {
              name: "base",
              test: /src\/(api|format|page|strings|parts\/(controls|values))/,
              minShareCount: 2,
            },
          ],
        },
      },
    },
    license: { fileName: "licences.md" },
  },
  server: { proxy: { "/api": service, "/openapi.json": service } },
  test: { include: ["tests/**/*.test.ts"] },
}));
