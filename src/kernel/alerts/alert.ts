import type { EventDefinition, StoredEvent } from '../events/event.js';
import type { Sentence } from '../http/problem.js';

/** How bad it is, from bearable to worse. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** An event that says something of alerts of a type, and of which ones. */
export interface AlertSignal {
  readonly event: EventDefinition;
  /**
   * The keys of the alerts that the event is about; what has one key is one trouble. None when this
   * event says nothing.
   */
  keys(event: StoredEvent): readonly string[];
  /** How bad this one is, where it is not the type's own severity. */
  severity?(event: StoredEvent): Severity;
}

/** Declares a signal with its event's payload checked. */
export function alertSignal<P extends object>(
  event: EventDefinition<P>,
  keys: (event: StoredEvent<P>) => readonly string[],
  severity?: (event: StoredEvent<P>) => Severity,
): AlertSignal {
  return { event, keys, ...(severity ? { severity } : {}) };
}

/** A kind of trouble that somebody should hear of before they look for it. */
export interface AlertDefinition {
  /** `<what>.<state>`, unique in the house. */
  readonly type: string;
  readonly severity: Severity;
  readonly summary: Sentence;
  /** The page that says what to do, as a path from the root of the checkout or package. */
  readonly runbook: string;
  /** Whether it is the affair of one company, or of whoever runs the installation. */
  readonly scope: 'company' | 'installation';
  readonly raisedBy?: readonly AlertSignal[];
  /** Events that say that all is well again: each is one good sign. */
  readonly clearedBy?: readonly AlertSignal[];
  /** So many minutes without an occurrence are a good sign, too. */
  readonly quietMinutes?: number;
  /** How many good signs in a row resolve it, 1 unless said. Without any, only a person does. */
  readonly goodSigns?: number;
  /** Types of alerts that follow from this one: while it lasts, nobody is told of those. */
  readonly inhibits?: readonly string[];
}

/** A type of alert as it is declared: its runbook goes by its type, unless another is named. */
export type AlertDeclaration = Omit<AlertDefinition, 'runbook'> &
  Partial<Pick<AlertDefinition, 'runbook'>>;

/** Declares a type of alert. */
export function defineAlert(declaration: AlertDeclaration): AlertDefinition {
  return { runbook: playbookOf(declaration.type), ...declaration };
}

/** Where the playbook of a type is: `disk.low` is in `disk_low.md`, as Prometheus' rules link it. */
function playbookOf(type: string): string {
  return `runbooks/playbooks/${type.replaceAll('.', '_')}.md`;
}
