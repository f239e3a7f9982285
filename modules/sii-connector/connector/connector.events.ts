import { defineEvent } from '#kernel';

export const ConnectorChanged = defineEvent<{ connectorId: string }>({
  name: 'sii_connector.changed',
  version: 1,
  summary: 'a way to the SII was made or changed',
});

export const ConnectorSyncAsked = defineEvent<{ connectorId: string }>({
  name: 'sii_connector.sync_asked',
  version: 1,
  summary: 'somebody asked a connector for its health and for news of what it was given',
});

export const WebhookReceived = defineEvent<{
  connectorId: string;
  webhookId: string;
  /** Null where it told of none that is known: all that are open are asked about. */
  submissionId: string | null;
}>({
  name: 'webhook.received',
  version: 1,
  summary: 'a partner said, signed, that there is news',
});

export const SubmissionQueued = defineEvent<{ submissionId: string; returnId: string }>({
  name: 'submission.queued',
  version: 1,
  summary: 'a return waits to be given to a partner',
});

export const SubmissionSettled = defineEvent<{
  submissionId: string;
  returnId: string;
  state: string;
}>({
  name: 'submission.settled',
  version: 1,
  summary: 'a partner said what became of a return',
});
