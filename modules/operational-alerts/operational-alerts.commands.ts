import { newId } from '#kernel';
import type {
  AlertDefinition,
  Command,
  CommandDesk,
  CommandReport,
  Severity,
  StandaloneCommand,
} from '#kernel';
import { SEVERITIES } from '#kernel';
import { NotInstalled, readAlerts } from './check/check.reading.js';
import type { Reading, SeenAlert } from './check/check.reading.js';
import { EXIT, verdictOn } from './check/check.verdict.js';
import type { Findings } from './check/check.verdict.js';
import { Spool } from './spool/spool.js';
import type { SpoolEntry } from './spool/spool.js';
import { spoolFolder } from './spool/spool.service.js';

const MAX_MINUTES = 10_080;

/** What a monitoring system or a timer asks: it works while the database does not. */
const check: StandaloneCommand = {
  name: 'check',
  summary:
    'what goes on or went on lately; exit 0 all is well, 1 warning, 2 critical, 3 unknown; works while the database is down',
  options: { '--minutes [minutes]': 'how far to look back, 1 to 10080 (default 60)' },
  failureExitCode: EXIT.UNKNOWN,
  async runAlone(desk, options): Promise<CommandReport> {
    const minutes = minutesOf(options['minutes']);
    const now = new Date();
    const read = await look(desk, new Date(now.getTime() - minutes * 60_000));
    const spooled = new Spool(spoolFolder(desk.config)).list();
    const waiting = spooled
      .filter(({ entry }) => !entry.good)
      .map(({ entry }) => seen(entry, desk));
    return verdictOn({ now, minutes, ...read, alerts: [...read.alerts, ...waiting] });
  },
};

/** How programs of this machine raise alerts: without the database, and without waiting for it. */
const raise: StandaloneCommand = {
  name: 'raise',
  summary: 'raise an alert, or clear it; it is kept on this machine until the database takes it',
  options: {
    '--type <type>': 'such as backup.missing',
    '--key [key]': 'which one of the type, such as a host',
    '--label [label]': 'what it is about; no personal data',
    '--severity [severity]': 'info, warning or critical, when it is not the type’s own',
    '--good': 'all is well (again)',
  },
  failureExitCode: 1,
  async runAlone(desk, options): Promise<CommandReport> {
    const entry = entryOf(desk, options);
    new Spool(spoolFolder(desk.config)).put(entry);
    const { id, type, key, good } = entry;
    const said = { spooled: id, type, key, state: good ? 'good' : 'bad' };
    const lines = Object.entries(said).map(([name, value]) => `${name.padEnd(7)}  ${value}`);
    return { exitCode: 0, lines, json: said };
  },
};

export const alertsCommands: readonly Command[] = [check, raise];

async function look(desk: CommandDesk, since: Date): Promise<Reading & Pick<Findings, 'database'>> {
  try {
    return { ...(await readAlerts(await desk.databaseUrl(), since)), database: null };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const status = error instanceof NotInstalled ? ('unknown' as const) : ('down' as const);
    return { alerts: [], late: [], database: { status, why } };
  }
}

function seen(entry: SpoolEntry, { addons }: CommandDesk): SeenAlert {
  const { type, key, label, count: occurrences, firstAt, lastAt } = entry;
  return {
    ...{ type, key, label, occurrences, companyId: null, state: 'spooled' },
    severity: entry.severity ?? definitionOf(type, addons)?.severity ?? 'critical',
    openedAt: new Date(firstAt),
    lastSeenAt: new Date(lastAt),
  };
}

function entryOf({ addons }: CommandDesk, options: Readonly<Record<string, unknown>>): SpoolEntry {
  const type = textOf(options['type']) ?? '';
  const definition = definitionOf(type, addons);
  if (!definition || (definition.raisedBy ?? []).length > 0) {
    const known = typesOf(addons).filter(({ raisedBy = [] }) => raisedBy.length === 0);
    throw new Error(
      `${type} is not raised so; these are: ${known.map((each) => each.type).join(', ')}`,
    );
  }
  const severity = textOf(options['severity']) as Severity | undefined;
  if (severity && !SEVERITIES.includes(severity)) {
    throw new Error(`--severity is one of ${SEVERITIES.join(', ')}`);
  }
  const at = new Date().toISOString();
  return {
    id: newId(),
    ...{ type, good: options['good'] === true, count: 1, firstAt: at, lastAt: at },
    key: (textOf(options['key']) ?? '').slice(0, 200),
    label: (textOf(options['label']) ?? type).slice(0, 200),
    ...(severity ? { severity } : {}),
  };
}

function definitionOf(type: string, addons: CommandDesk['addons']): AlertDefinition | undefined {
  return typesOf(addons).find((definition) => definition.type === type);
}

function typesOf(addons: CommandDesk['addons']): AlertDefinition[] {
  return addons.flatMap(({ alerts }) => alerts).sort((a, b) => (a.type < b.type ? -1 : 1));
}

function minutesOf(text: unknown): number {
  if (text === undefined) return 60;
  const minutes = typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (minutes < 1 || minutes > MAX_MINUTES) {
    throw new Error(`--minutes goes from 1 to ${MAX_MINUTES}`);
  }
  return minutes;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
