/** The path under which a proxy serves the whole service; "" where it is the origin's own. */
const here = import.meta.url; // every script of the build is in console/assets/
export const ROOT: string = import.meta.env.DEV
  ? ""
  : new URL("../..", here).pathname.replace(/\/$/, "");
