import type { Addon } from '../addon/addon.js';
import { dependenciesOf } from '../addon/order.js';

/** What an addon's alert types do against the rules of the house. */
export function alertFaults(addon: Addon, all: readonly Addon[]): string[] {
  const within = [...dependenciesOf(addon), addon];
  const events = new Set(within.flatMap((other) => other.events));
  const types = new Set(within.flatMap((other) => other.alerts.map(({ type }) => type)));
  return addon.alerts.flatMap((alert) => {
    const { type, runbook, raisedBy = [], clearedBy = [], inhibits = [] } = alert;
    const rivals = all.filter((other) => other.alerts.some((each) => each.type === type));
    const isTwice = rivals.some((other) => other !== addon) || count(addon, type) > 1;
    const resolves = clearedBy.length > 0 || alert.quietMinutes !== undefined;
    return [
      ...(/^[a-z][a-z_]*\.[a-z][a-z_]*$/.test(type) ? [] : [`alert ${type} is not <what>.<state>`]),
      ...(isTwice ? [`alert type ${type} is claimed twice`] : []),
      ...(/^[\w./-]+\.md$/.test(runbook)
        ? []
        : [`alert ${type} names no runbook, a path of a .md`]),
      ...(alert.goodSigns !== undefined && !resolves
        ? [`alert ${type} counts good signs, but nothing gives one`]
        : []),
      ...[...raisedBy, ...clearedBy]
        .filter(({ event }) => !events.has(event))
        .map(({ event }) => `alert ${type} listens to ${event.name}, which nobody here declares`),
      ...inhibits
        .filter((other) => !types.has(other))
        .map((other) => `alert ${type} inhibits ${other}, which nobody here declares`),
    ];
  });
}

function count(addon: Addon, type: string): number {
  return addon.alerts.filter((each) => each.type === type).length;
}
