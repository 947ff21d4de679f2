/** The audit log: who changed what (docs/audit.md). */
export interface AuditOptions {
  /** A JSON object a line is appended to it, or written to standard error (`-`). */
  readonly file: string;
  /** MiB after which it becomes `FILE.1`, and that one `FILE.2`. Default 10. */
  readonly size?: number;
  /** Older files that stay. Default 5. */
  readonly keep?: number;
}
