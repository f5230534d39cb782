/** How much GitHub Actions makes of an annotation. */
export type Level = 'notice' | 'warning' | 'error';

/** True in a job of GitHub Actions, the only place where annotations are read. */
export function isGithubActions(variables: Readonly<Record<string, string | undefined>>): boolean {
  return variables['GITHUB_ACTIONS'] === 'true';
}

// By GitHub's own toolkit (`@actions/core`, command.ts): what would end a command, or begin another, is escaped.
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** A workflow command of GitHub Actions that marks the job with a message: one line, whatever the message holds. */
export function annotation(level: Level, title: string, message: string): string {
  return `::${level} title=${property(title)}::${data(message)}`;
}
