import { defineEvent } from '#kernel';

export const AuditExported = defineEvent<{
  readonly format: string;
  readonly filters: Readonly<Record<string, unknown>>;
}>({
  name: 'audit.exported',
  version: 1,
  summary: 'somebody downloaded the event log, or a part of it',
});
