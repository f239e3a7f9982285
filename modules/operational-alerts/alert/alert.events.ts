import { defineEvent } from '#kernel';
import type { Severity } from '#kernel';

/** What every event of an alert carries. */
export interface AlertFacts {
  readonly alertId: string;
  readonly type: string;
  readonly key: string;
  readonly severity: Severity;
}

export const AlertOpened = defineEvent<AlertFacts>({
  name: 'alert.opened',
  version: 1,
  summary: 'something went wrong that was not going on before',
});

export const AlertReopened = defineEvent<AlertFacts>({
  name: 'alert.reopened',
  version: 1,
  summary: 'a resolved alert came back: a regression',
});

export const AlertAcknowledged = defineEvent<AlertFacts>({
  name: 'alert.acknowledged',
  version: 1,
  summary: 'somebody is on it; reminders and escalation stop',
});

export const AlertSilenced = defineEvent<AlertFacts & { until: string }>({
  name: 'alert.silenced',
  version: 1,
  summary: 'nobody is told of the alert for a while; the reason stands with the event',
});

export const SilenceEnded = defineEvent<AlertFacts>({
  name: 'alert.silence_ended',
  version: 1,
  summary: 'the time of a silence is over, and the alert goes on',
});

export const AlertResolved = defineEvent<AlertFacts & { byItself: boolean }>({
  name: 'alert.resolved',
  version: 1,
  summary: 'an alert ended, by somebody’s word or by good signs',
});

export const AlertEscalated = defineEvent<AlertFacts & { subscriptionId: string }>({
  name: 'alert.escalated',
  version: 1,
  summary: 'nobody acknowledged the alert in time: the next in line is told',
});
