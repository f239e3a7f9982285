import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Addon } from '../addon/addon.js';
import { migrationName } from '../addon/installed.js';
import type { Query } from '../addon/installed.js';

/**
 * When a migration may run: `expand` while the older release goes on serving, `contract` only when nobody
 * runs it any more. A migration says so by `readonly phase = 'contract'`; without a word it is `expand`.
 */
export type Phase = 'expand' | 'contract';

/** A migration that the database does not have yet. */
export interface PendingStep {
  readonly addon: string;
  readonly migration: string;
  readonly phase: Phase;
  /** Statements that take away what older code may rely on. */
  readonly contracting: readonly string[];
}

/** What takes something away from code that was written before, or forbids what it did. */
const CONTRACTING: readonly RegExp[] = [
  /\bDROP\s+(TABLE|VIEW|MATERIALIZED\s+VIEW|COLUMN|FUNCTION|TYPE|SCHEMA|DEFAULT)\b/i,
  /\bRENAME\b/i,
  /\bSET\s+NOT\s+NULL\b/i,
  /\bALTER\s+COLUMN\s+\S+\s+(SET\s+DATA\s+)?TYPE\b/i,
  /\bADD\s+(CONSTRAINT\b|CHECK\b|UNIQUE\b|FOREIGN\s+KEY\b|EXCLUDE\b)/i,
  /\bCREATE\s+UNIQUE\s+INDEX\b/i,
  /\b(REVOKE|TRUNCATE)\b/i,
];
const ADDED_COLUMN =
  /\bADD\s+(?:COLUMN\s+)?(?!CONSTRAINT\b|CHECK\b|UNIQUE\b|FOREIGN\b)[^,]*?\bNOT\s+NULL\b[^,]*/gi;

export function phaseOf(migration: MigrationInterface): Phase {
  return (migration as { phase?: Phase }).phase ?? 'expand';
}

/** The statements of a migration that contract, found by having it speak to nobody. */
export async function contractingOf(migration: MigrationInterface): Promise<string[]> {
  const statements: string[] = [];
  const deaf = {
    query: (sql: string) => {
      statements.push(plain(sql));
      return Promise.resolve([]);
    },
  };
  try {
    await migration.up(deaf as unknown as QueryRunner);
  } catch {
    // It asks the database and goes on from the answer: nobody can say what it would do.
    statements.push('REVOKE: its statements depend on what the database holds');
  }
  const own = statements.flatMap(
    (sql) => /\bCREATE\s+(?:TABLE|FUNCTION|OR\s+REPLACE\s+FUNCTION)\s+(\w+)/i.exec(sql)?.[1] ?? [],
  );
  return statements.filter((sql) => contracts(sql) && !own.some((name) => isAbout(sql, name)));
}

/** Every migration that is still to come, in the order in which it will. */
export async function pendingSteps(query: Query, addons: readonly Addon[]): Promise<PendingStep[]> {
  const applied = await query<{ id: string }>(
    `SELECT addon || '/' || name AS id FROM kernel_migration`,
  );
  const done = new Set(applied.map(({ id }) => id));
  const steps: PendingStep[] = [];
  for (const { name: addon, migrations } of addons) {
    for (const Migration of migrations) {
      const migration: MigrationInterface = new Migration();
      const name = migrationName(migration);
      if (done.has(`${addon}/${name}`)) continue;
      const contracting = await contractingOf(migration);
      steps.push({ addon, migration: name, phase: phaseOf(migration), contracting });
    }
  }
  return steps;
}

/**
 * Releases other than this one that are connected to the database now, by the name that each process gives
 * its connections. Readiness keeps one of a process that is asked for it; one that nobody asks may be missed.
 */
export async function otherReleases(query: Query, release: string): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `SELECT DISTINCT application_name AS name FROM pg_stat_activity
     WHERE datname = current_database() AND application_name ~ '^ofitec (http|worker)' ORDER BY 1`,
  );
  return rows
    .map(({ name }) => name.replace(/^ofitec (http|worker) ?/, '') || 'without a name')
    .filter((name, n, all) => name !== release && all.indexOf(name) === n);
}

function contracts(sql: string): boolean {
  if (CONTRACTING.some((pattern) => pattern.test(sql))) return true;
  if (!/^\s*ALTER\s+TABLE\b/i.test(sql)) return false;
  return (sql.match(ADDED_COLUMN) ?? []).some((column) => !/\bDEFAULT\b/i.test(column));
}

/** Whether a statement is about a thing of that name: what a migration makes, it may also bound. */
function isAbout(sql: string, name: string): boolean {
  return new RegExp(
    `\\b(TABLE(\\s+IF\\s+EXISTS)?(\\s+ONLY)?|FUNCTION|ON)\\s+(FUNCTION\\s+)?${name}\\b`,
    'i',
  ).test(sql);
}

/** Without comments, texts and bodies of functions: they are data here. */
function plain(sql: string): string {
  return sql
    .replace(/\$(\w*)\$[^]*?\$\1\$/g, `''`)
    .replace(/--[^\n]*/g, '')
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/'(?:[^']|'')*'/g, `''`)
    .trim();
}
