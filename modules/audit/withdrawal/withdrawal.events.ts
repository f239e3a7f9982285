import { defineEvent } from '#kernel';

/** Texts were taken out of events. Sealed itself, it vouches for what replaces their leaves. */
export const LogRedacted = defineEvent<{
  readonly events: number;
  /** Over the leaves of what the events say now (`digestOf`), hexadecimal. */
  readonly digest: string;
}>({
  name: 'audit_log.redacted',
  version: 1,
  summary:
    'texts about a person were taken out of events of the log; which ones stands in the audit',
});

/** What was old enough was archived and removed. Sealed itself, it is the root of what is left. */
export const LogCut = defineEvent<{
  /** Last block that was removed, 0 when none was; and its hash. */
  readonly number: number;
  readonly hash: string;
  readonly events: number;
  /** Events of shorter-lived classes that were removed from blocks that stay. */
  readonly thinned: number;
  readonly digest: string;
  readonly archive: string;
  readonly archiveSha256: string;
}>({
  name: 'audit_log.cut',
  version: 1,
  summary: 'events that were old enough were written to an archive and removed from the log',
});
