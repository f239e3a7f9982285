import type { EventDefinition } from '../events/event.js';
import { ON_ALERT_SIGNAL } from '../alerts/on-alert-signal.js';
import { ON_EVENT, ON_EVENT_OUTSIDE } from '../events/on-event.js';
import type { Addon } from './addon.js';
import { isNewer } from './installed.js';
import type { Absence, Hearing, InstalledAddon } from './installed.js';
import { marked } from './verify.js';

/** Its handlers' events are kept for it. */
const DELIVERIES = 'deliveries';
/** Nobody is forgotten and nobody gets a copy of what is held of him: it holds some of that. */
const PERSONAL_DATA = 'personal-data';

/**
 * What this code does for an addon that it does not have. Whatever else is asked, also by a word that a later
 * release thinks of, it cannot honour, and does not start.
 */
const HONOURED: readonly string[] = [DELIVERIES, PERSONAL_DATA];

/**
 * What an addon asks of code that does not have it.
 *
 * @param binds what its migrations put on tables of others, in words
 */
export function absenceOf(addon: Addon, since: string | null, binds: readonly string[]): Absence {
  const hears = hearingsOf(addon);
  return {
    since,
    hears,
    asks: [
      ...(hears.length > 0 ? [DELIVERIES] : []),
      ...(addon.personalData.length > 0 ? [PERSONAL_DATA] : []),
      // What it hears depends on which alerts there are, which only newer code knows.
      ...(marked(addon, ON_ALERT_SIGNAL).length > 0 ? ['signals of alerts'] : []),
      ...(addon.indispensable ? ['indispensable by its manifest'] : []),
      ...binds,
    ],
  };
}

/** Why code of a version cannot serve without an installed addon; null when it can. */
export function whyNotWithout(
  { name, absence }: InstalledAddon,
  houseVersion: string,
): string | null {
  const missing = `addon ${name} is installed, but its code is not here`;
  const since = absence?.since ?? null;
  // This release had it, or nobody knows: it was left out by mistake.
  if (!absence || since === null || !isNewer(since, houseVersion)) return missing;
  const asks = absence.asks.filter((ask) => !HONOURED.includes(ask));
  if (asks.length === 0) return null;
  return `${missing}: it came with ${since}, and nobody serves without it: ${asks.join(', ')}`;
}

/** That this code serves without an addon, for people. */
export function absenceInWords({ name, version, absence }: InstalledAddon): string {
  return `addon ${name} ${version} came with release ${absence?.since ?? '?'}; this older code serves without it`;
}

/** Whether it holds personal data, which nobody else can find, copy or erase. */
export function holdsPersonalData({ absence }: InstalledAddon): boolean {
  return absence?.asks.includes(PERSONAL_DATA) ?? false;
}

function hearingsOf(addon: Addon): Hearing[] {
  return [ON_EVENT, ON_EVENT_OUTSIDE].flatMap((key) =>
    marked<EventDefinition>(addon, key).map(({ name, mark }) => ({
      ...{ event: mark.name, handler: `${addon.name}/${name}` },
    })),
  );
}
