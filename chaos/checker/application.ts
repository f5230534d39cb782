/** What is known of the application that the checker judges: the campus example, as its release is made to run. */
export const CAMPUS = {
  backendPort: 8080,
  sitePort: 80,
  /** Where the backend says its version: the first `"version": "…"` of the answer. */
  versionPath: '/actuator/info',
  /** The program below the backend's folder, which is the argument right after one of `before`. */
  programs: [
    { exe: /^\/usr\/bin\/python3(\.\d+)?$/, before: /^\/usr\/bin\/python3$/, file: 'campus.py' },
    { exe: /^\/usr\/lib\/jvm\/[^/]+\/bin\/java$/, before: /^-jar$/, file: 'campus.jar' },
  ],
  deployUser: 'deploy',
} as const;

/** The version that an answer of the backend names; `null` when it names none. */
export function answeredVersion(text: string): string | null {
  return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? null;
}
