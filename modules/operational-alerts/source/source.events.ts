import { defineEvent } from '#kernel';

export const SourceCreated = defineEvent<{ sourceId: string }>({
  name: 'alert_source.created',
  version: 1,
  summary: 'a program outside may raise alerts from now on; the token is never in the event',
});

export const SourceChanged = defineEvent<{ sourceId: string }>({
  name: 'alert_source.changed',
  version: 1,
  summary: 'what a program outside may raise changed, or it may no more',
});
