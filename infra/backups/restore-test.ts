import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { loadDump, removeCluster } from './cluster.js';
import type { Loaded } from './cluster.js';
import type { BackupPlan } from './config.js';
import { differences, DUMP, readManifest, verifyDump } from './manifest.js';
import type { Manifest } from './manifest.js';
import { BackupPlace, stampOf } from './place.js';
import { runProgram } from './programs.js';
import { Restic } from './restic.js';
import { Snapshot } from './snapshot.js';

/** How one look of a restore test came out. */
export interface Look {
  readonly what: string;
  readonly good: boolean;
  readonly sentence: string;
  readonly seconds: number;
}

/** What a restore test found; kept as evidence. */
export interface Evidence {
  readonly id: string;
  readonly host: string;
  readonly begunAt: string;
  readonly endedAt: string;
  readonly source: 'offsite' | 'local';
  readonly dump: string;
  readonly takenAt: string;
  readonly manifest: string;
  readonly tables: number;
  readonly rows: string;
  readonly good: boolean;
  readonly looks: readonly Look[];
}

/** A restored database, and the folder that is removed with it. */
interface Copy extends Loaded {
  readonly folder: string;
}

const SCRATCH = 'restore-test-';
const CLI = resolve(import.meta.dirname, '../../src/cli.js');
const MAX_NAMED = 20;

/** Restores the newest backup where it harms nobody, and compares it with what it should be. */
export class RestoreTest {
  private readonly looks: Look[] = [];
  private readonly place: BackupPlace;

  constructor(
    private readonly plan: BackupPlan,
    private readonly options: {
      readonly source: 'offsite' | 'local';
      readonly progress: (line: string) => void;
    },
  ) {
    this.place = new BackupPlace(plan.folder);
  }

  /** @returns the evidence, good or not; what was made for it is removed in any case */
  async run(): Promise<Evidence> {
    const begunAt = new Date();
    await sweepScratch(this.plan.scratch);
    fs.mkdirSync(this.plan.scratch, { recursive: true, mode: 0o700 });
    const id = `${stampOf(begunAt)}-${randomBytes(3).toString('hex')}`;
    const folder = join(this.plan.scratch, `${SCRATCH}${id}`);
    fs.mkdirSync(folder, { mode: 0o700 });
    let manifest: Manifest | null = null;
    try {
      manifest = await this.look('copy', () => this.fetch(folder));
      if (manifest) await this.compare(manifest, folder);
    } finally {
      await removeCluster(join(folder, 'data'));
      fs.rmSync(folder, { recursive: true, force: true });
    }
    return this.evidence(id, begunAt, manifest);
  }

  /** The newest copy, whole and unaltered, beside its manifest. */
  private async fetch(folder: string): Promise<[Manifest, string]> {
    const { plan, options } = this;
    let source = join(folder, 'copy');
    if (options.source === 'offsite') {
      if (!plan.offsite) throw new Error('There is no off-site copy: BACKUP_RESTIC_REPOSITORY.');
      options.progress('restore-test: fetching the off-site copy');
      source = await new Restic(plan.offsite).fetchNewest(source);
    } else {
      const newest = this.place.finished().at(-1);
      if (newest === undefined) throw new Error(`${this.place.dumps} holds no dump.`);
      source = this.place.dump(newest);
    }
    const manifest = readManifest(source);
    await verifyDump(source, manifest);
    if (options.source === 'offsite') fs.renameSync(source, join(folder, 'found'));
    else fs.cpSync(source, join(folder, 'found'), { recursive: true });
    const hours = (Date.now() - Date.parse(manifest.takenAt)) / 3_600_000;
    if (hours > plan.maxAgeHours) {
      this.note('age', false, `the newest copy is ${Math.round(hours)} hours old`);
    } else this.note('age', true, `taken ${manifest.takenAt}`);
    return [manifest, `${manifest.id}: ${manifest.dump.bytes} bytes as its manifest says`];
  }

  private async compare(manifest: Manifest, folder: string): Promise<void> {
    await this.look('installation', () => this.identify(manifest));
    const data = join(folder, 'data');
    const loaded = await this.look('restore', async () => {
      const file = join(folder, 'found', DUMP);
      const from = { file, data, binaries: this.plan.binaries, jobs: 2, fsync: false };
      const loaded = await loadDump(manifest, from, this.options.progress);
      return [
        { ...loaded, folder },
        ['loaded into a cluster of its own', ...loaded.notes].join('; '),
      ];
    });
    if (!loaded) return;
    await this.look('tables', () => this.compareTables(manifest, loaded));
    for (const [what, args, progress] of [
      ['schema', ['migrate'], 'bringing it to this version'],
      ['audit chain', anchored(manifest), 'verifying the audit chain'],
      ['ledger', ['payments', 'verify-ledger'], 'recomputing the ledger'],
    ] as const) {
      this.options.progress(`restore-test: ${progress}`);
      await this.look(what, async () => [null, await this.ofitec(loaded, args)]);
    }
    await this.look('sealing', () => this.sealOn(manifest, loaded));
    await loaded.server.stop();
  }

  /** A dump of another database restores as well as ours. */
  private async identify(manifest: Manifest): Promise<[null, string]> {
    const known = this.place.state().installation;
    const { installation, name } = manifest.database;
    if (known !== undefined && known !== installation) {
      throw new Error(`it is a dump of another installation (${name}), not of the one backed up`);
    }
    const url = this.plan.databaseUrl;
    if (url === null)
      return [null, 'the database is not at hand; compared with what is known here'];
    const missing = await Snapshot.open(url, (live) => live.missing(manifest.audit)).catch(
      (error: Error) => error,
    );
    if (missing instanceof Error)
      return [null, `not compared with the database: ${missing.message}`];
    const [first] = missing;
    if (first) throw new Error(`the database has no block ${first.number} with the dump’s hash`);
    return [null, `${manifest.audit.length} chains end in blocks that the database has`];
  }

  private async compareTables(manifest: Manifest, loaded: Copy): Promise<[null, string]> {
    this.options.progress('restore-test: comparing every table');
    const found = await Snapshot.open(loaded.databaseUrl, (copy) => copy.figures(() => undefined));
    const differing = differences(manifest.tables, found);
    if (differing.length > 0) {
      const rest = differing.length - MAX_NAMED;
      const more = rest > 0 ? [`and ${rest} more`] : [];
      throw new Error([...differing.slice(0, MAX_NAMED), ...more].join('; '));
    }
    return [null, `${Object.keys(found).length} tables hold what the manifest says`];
  }

  /** The verification before has left events: a cluster whose counter was not raised cannot seal them. */
  private async sealOn(manifest: Manifest, loaded: Copy): Promise<[null, string]> {
    if (manifest.audit.length === 0) return [null, 'no chain to go on with'];
    const said = await this.ofitec(loaded, ['audit', 'tip', '--json']);
    for (const { companyId, number } of manifest.audit) {
      const tip = Number(new RegExp(`${companyId}/(\\d+):`).exec(said)?.[1] ?? 0);
      if (tip <= number) throw new Error(`the chain of ${companyId} stands still at ${number}`);
    }
    return [null, 'new events are sealed behind the restored chain'];
  }

  /** A verb of the ERP over the restored database. */
  private async ofitec(
    { applicationUrl, ownerUrl, folder }: Copy,
    args: readonly string[],
  ): Promise<string> {
    const out = await runProgram(process.execPath, [CLI, ...args], {
      as: `ofitec ${args.slice(0, 2).join(' ')}`,
      inherit: ['OFITEC_ADDONS'],
      env: {
        DATABASE_URL: applicationUrl,
        DATABASE_OWNER_URL: ownerUrl,
        // Nothing that was sealed with the real one is opened.
        SECRET_KEY: randomBytes(32).toString('hex'),
        LOG_LEVEL: 'error',
        // What is wrong with a copy is told by this test: an alert of it would be taken for a live one.
        ALERT_SPOOL: join(folder, 'alerts'),
      },
    });
    return out.trim().replaceAll(/\s+/g, ' ').slice(0, 2_000);
  }

  private async look<T>(what: string, work: () => Promise<[T, string]>): Promise<T | null> {
    const begun = performance.now();
    const seconds = (): number => Math.round((performance.now() - begun) / 100) / 10;
    try {
      const [result, sentence] = await work();
      this.looks.push({ what, good: true, sentence, seconds: seconds() });
      return result;
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      this.looks.push({ what, good: false, sentence, seconds: seconds() });
      return null;
    }
  }

  private note(what: string, good: boolean, sentence: string): void {
    this.looks.push({ what, good, sentence, seconds: 0 });
  }

  private evidence(id: string, begunAt: Date, manifest: Manifest | null): Evidence {
    const tables = Object.values(manifest?.tables ?? {});
    return {
      ...{ id, host: hostname(), begunAt: begunAt.toISOString() },
      endedAt: new Date().toISOString(),
      source: this.options.source,
      dump: manifest?.id ?? '',
      takenAt: manifest?.takenAt ?? '',
      manifest: manifest?.sha256 ?? '',
      tables: tables.length,
      rows: tables.reduce((sum, { rows }) => sum + BigInt(rows), 0n).toString(),
      good: this.looks.every(({ good }) => good),
      looks: this.looks,
    };
  }
}

/** Ends and removes what a test that was killed left behind. @returns how many there were */
async function sweepScratch(scratch: string): Promise<number> {
  const names = fs.existsSync(scratch) ? fs.readdirSync(scratch) : [];
  const left = names.filter((name) => name.startsWith(SCRATCH));
  for (const name of left) {
    await removeCluster(join(scratch, name, 'data'));
    fs.rmSync(join(scratch, name), { recursive: true, force: true });
  }
  return left.length;
}

function anchored({ audit }: Manifest): string[] {
  const anchors = audit.map(({ companyId, number, hash }) => `${companyId}/${number}:${hash}`);
  const given = anchors.length > 0 ? ['--anchor', anchors.join(',')] : [];
  return ['audit', 'verify', '--announce', ...given];
}
