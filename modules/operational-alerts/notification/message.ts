import { writeInstant } from '#kernel';
import type { Language, Severity } from '#kernel';
import type { NotificationItem } from './notification.entity.js';

/** One message, whoever it goes to. */
export interface Message {
  /** The same at every attempt: a receiver that has seen it leaves it. */
  readonly id: string;
  readonly at: Date;
  readonly items: readonly NotificationItem[];
  /** Alerts that it only counts. */
  readonly more: number;
  /** After how long an alert is told again that goes on. */
  readonly repeatMinutes: number;
}

const WORDS = {
  es: {
    severity: { info: 'INFORMACIÓN', warning: 'ADVERTENCIA', critical: 'CRÍTICO' },
    resolved: 'RESUELTO',
    since: 'desde',
    still: 'sigue desde',
    back: 'volvió tras estar resuelta',
    times: (count: number) => `${count} ${count === 1 ? 'vez' : 'veces'}`,
    last: 'última vez',
    until: 'hasta',
    runbook: 'Qué hacer',
    more: (count: number) => `y ${count} más`,
    alerts: (count: number) => `${count} alertas`,
  },
  en: {
    severity: { info: 'INFO', warning: 'WARNING', critical: 'CRITICAL' },
    resolved: 'RESOLVED',
    since: 'since',
    still: 'still firing since',
    back: 'came back after it was resolved',
    times: (count: number) => `${count} ${count === 1 ? 'time' : 'times'}`,
    last: 'last',
    until: 'until',
    runbook: 'What to do',
    more: (count: number) => `and ${count} more`,
    alerts: (count: number) => `${count} alerts`,
  },
} as const;

/** Subject and text of an e-mail. */
export function letterOf(
  message: Message,
  language: Language,
): { readonly subject: string; readonly text: string } {
  const words = WORDS[language];
  const [first] = message.items;
  const count = message.items.length + message.more;
  const about = count === 1 && first ? `${first.type} · ${first.label}` : words.alerts(count);
  const paragraphs = message.items.map((item) => paragraphOf(item, language));
  if (message.more > 0) paragraphs.push(words.more(message.more));
  return {
    // A label could hold a line end; a header must not.
    subject: `[OFITEC] ${headOf(message, language)} ${about}`.replaceAll(/\s+/g, ' ').slice(0, 200),
    text: `${paragraphs.join('\n\n')}\n`,
  };
}

/** What a webhook carries, as Standard Webhooks shapes it: type, timestamp, data. */
export function webhookBody({ id, at, items, more }: Message): string {
  return JSON.stringify({
    type: 'alerts.notified',
    timestamp: at.toISOString(),
    data: { notificationId: id, status: isOver(items) ? 'resolved' : 'firing', items, more },
  });
}

/**
 * What Alertmanager takes (`POST /api/v2/alerts`). An alert that is not sent again ends at `endsAt`
 * by itself there, so that is two repeats away.
 */
export function alertmanagerBody({ at, items, repeatMinutes }: Message): string {
  const endsAt = new Date(at.getTime() + 2 * repeatMinutes * 60_000).toISOString();
  return JSON.stringify(
    items.map((item) => ({
      labels: { alertname: item.type, key: item.key, severity: item.severity, service: 'ofitec' },
      annotations: {
        summary: item.summary.en,
        description: item.label,
        fingerprint: item.fingerprint,
        ...(item.runbook ? { runbook: item.runbook } : {}),
      },
      startsAt: item.openedAt,
      endsAt: item.resolvedAt ?? endsAt,
    })),
  );
}

function headOf({ items }: Message, language: Language): string {
  const words = WORDS[language];
  const worst = (['critical', 'warning', 'info'] as const).find((severity) =>
    items.some((item) => item.severity === severity && item.status === 'firing'),
  );
  return worst ? words.severity[worst] : words.resolved;
}

function paragraphOf(item: NotificationItem, language: Language): string {
  const words = WORDS[language];
  const at = (instant: string): string => writeInstant(new Date(instant));
  const head: Severity = item.severity;
  const title = item.resolvedAt ? words.resolved : words.severity[head];
  const span = item.resolvedAt
    ? `${words.since} ${at(item.openedAt)} ${words.until} ${at(item.resolvedAt)}`
    : `${item.again ? words.still : words.since} ${at(item.openedAt)}`;
  const seen = `${words.times(item.occurrences)}, ${words.last} ${at(item.lastSeenAt)}`;
  return [
    `${title} ${item.type}: ${item.summary[language]}`,
    item.label,
    `${span}; ${seen}${item.regression ? `; ${words.back}` : ''}`,
    ...(item.runbook ? [`${words.runbook}: ${item.runbook}`] : []),
  ].join('\n');
}

function isOver(items: readonly NotificationItem[]): boolean {
  return items.every(({ status }) => status === 'resolved');
}
