/** What a dry run by Ansible (`--check --diff`) said of one host. */
export interface Rehearsed {
  readonly host: string;
  /** Component → sentences on what would be done; none: it is as it should be already. */
  readonly would: Readonly<Record<string, readonly string[]>>;
}
