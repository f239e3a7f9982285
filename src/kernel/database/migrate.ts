import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { absenceOf } from '../addon/absence.js';
import { tablePrefix } from '../addon/addon.js';
import type { Addon } from '../addon/addon.js';
import type { MigrationClass } from '../addon/declared.js';
import { ensureRecords, isNewer, migrationName, readInstalled } from '../addon/installed.js';
import type { InstalledAddon, Query } from '../addon/installed.js';
import { inDependencyOrder } from '../addon/order.js';
import { installQueue } from '../events/queue.js';
import type { RetentionClass } from '../events/retention.js';
import { bindingsMade, bindingsOf, contractBinding } from './bindings.js';
import { createDataSource } from './data-source.js';
import { otherReleases, phaseOf } from './phase.js';

/** A line of progress for whoever watches. */
export type Report = (line: string) => void;

export interface InstallationOptions {
  readonly ownerUrl: string;
  readonly kernel: Addon;
  readonly report: Report;
  /** The release that migrates; what contracts waits until no other one is connected. */
  readonly release?: string;
}

/** What the owner may do with the addons of one database; every method is safe to repeat. */
export class Installation {
  private constructor(
    private readonly dataSource: DataSource,
    private readonly options: InstallationOptions,
  ) {}

  /**
   * Works as the owner under the one lock that keeps two operators (or a rolling restart) from
   * migrating at once.
   */
  static async asOwner<T>(
    options: InstallationOptions,
    work: (installation: Installation) => Promise<T>,
  ): Promise<T> {
    const dataSource = createDataSource({
      url: options.ownerUrl,
      entities: [],
      poolSize: 3,
      applicationName: 'ofitec migrate',
    });
    await dataSource.initialize();
    const lock = dataSource.createQueryRunner();
    try {
      await lock.query(`SET lock_timeout = 0; SET statement_timeout = 0`);
      await lock.query(`SELECT pg_advisory_lock(hashtextextended('ofitec migrate', 0))`);
      return await work(new Installation(dataSource, options));
    } finally {
      await lock.release();
      await dataSource.destroy();
    }
  }

  private applied = 0;

  readonly query: Query = (sql, parameters) => this.dataSource.query(sql, parameters);

  /**
   * Applies what is pending of the addons and their dependencies, and records their versions.
   *
   * @returns how many migrations were applied since the work began, the kernel's included
   */
  async install(addons: readonly Addon[]): Promise<number> {
    await this.prepare();
    await this.refuseOlderCode([this.options.kernel, ...inDependencyOrder(addons)]);
    for (const addon of inDependencyOrder(addons)) await this.bringForward(addon);
    await installQueue(this.options.ownerUrl);
    return this.applied;
  }

  /** Takes the addon's migrations back, newest first: its tables are gone. */
  async dropTables(addon: Addon): Promise<void> {
    for (const migration of [...addon.migrations].reverse()) await this.revert(addon, migration);
  }

  /** Forgets that the addon is installed. */
  async forget(name: string): Promise<void> {
    await this.query('DELETE FROM kernel_addon WHERE name = $1', [name]);
  }

  /** Takes back one migration, if it is applied. */
  async revert(addon: Addon, Migration: MigrationClass): Promise<void> {
    const migration = new Migration();
    const name = migrationName(migration);
    if (!(await this.isApplied(addon, name))) return;
    this.options.report(`${addon.name}: takes back ${name}`);
    await this.inTransaction(async (runner) => {
      await migration.down(runner);
      await runner.query('DELETE FROM kernel_migration WHERE addon = $1 AND name = $2', [
        addon.name,
        name,
      ]);
    });
  }

  /** The addon's tables (or views) that are there, by its prefix; installed before or not. */
  async tablesOf(addon: Addon, kind: 'tables' | 'views' = 'tables'): Promise<string[]> {
    const rows = await this.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
       AND relkind = ANY($2) AND starts_with(relname, $1) ORDER BY relname`,
      [`${tablePrefix(addon)}_`, kind === 'tables' ? ['r', 'p'] : ['v', 'm']],
    );
    return rows.map((row) => row.name);
  }

  async installedNames(): Promise<string[]> {
    const installed = (await readInstalled(this.query)) ?? [];
    return installed.map((addon) => addon.name).filter((name) => name !== this.options.kernel.name);
  }

  private async prepare(): Promise<void> {
    const roles = await this.query<{ rolname: string }>(
      `SELECT rolname FROM pg_roles WHERE rolname IN ('ofitec_app', 'ofitec_readonly')`,
    );
    if (roles.length < 2) {
      throw new Error(
        'The roles ofitec_app and ofitec_readonly are missing; create them once with infra/postgresql/roles.sql.',
      );
    }
    await ensureRecords(this.query);
    await this.refuseOlderCode([this.options.kernel]);
    await this.bringForward(this.options.kernel);
  }

  private async bringForward(addon: Addon): Promise<void> {
    const known = ((await readInstalled(this.query)) ?? []).find(({ name }) => name === addon.name);
    if (known && isNewer(known.version, addon.version)) {
      this.options.report(`${addon.name}: is ${known.version} already, which serves this code too`);
      return;
    }
    await this.apply(addon);
    await this.record(addon, known);
  }

  /** A newer release took away what this code uses. */
  private async refuseOlderCode(addons: readonly Addon[]): Promise<void> {
    const installed = (await readInstalled(this.query)) ?? [];
    for (const { name, version } of addons) {
      const known = installed.find((row) => row.name === name);
      if (!known || !isNewer(known.servesFrom, version)) continue;
      throw new Error(
        `Addon ${name} is installed as ${known.version}, newer than this code (${version}).`,
      );
    }
  }

  private async apply(addon: Addon): Promise<void> {
    for (const Migration of addon.migrations) {
      const migration: MigrationInterface = new Migration();
      const name = migrationName(migration);
      if (await this.isApplied(addon, name)) continue;
      if (phaseOf(migration) === 'contract') await this.demandAlone(addon, name);
      this.options.report(`${addon.name}: applies ${name}`);
      await this.inTransaction(async (runner) => {
        const binds = await this.bindingsBy(runner, addon, migration);
        await runner.query(
          'INSERT INTO kernel_migration (addon, name, applied_at, binds) VALUES ($1, $2, now(), $3)',
          [addon.name, name, binds],
        );
        if (phaseOf(migration) === 'contract') await this.leaveBehind(runner, addon);
      });
      this.applied += 1;
    }
  }

  /** Runs a migration. @returns what it put on tables of others, for code that does not have the addon */
  private async bindingsBy(
    runner: QueryRunner,
    addon: Addon,
    migration: MigrationInterface,
  ): Promise<string[]> {
    const query: Query = (sql, parameters) => runner.query(sql, parameters);
    await migration.up(runner);
    return [
      ...(await bindingsMade(query, tablePrefix(addon))),
      ...(phaseOf(migration) === 'contract' ? [contractBinding(migrationName(migration))] : []),
    ];
  }

  /** A contracting migration takes away what an older release still uses. */
  private async demandAlone(addon: Addon, name: string): Promise<void> {
    const others = await otherReleases(
      this.query,
      this.options.release ?? this.options.kernel.version,
    );
    if (others.length === 0) return;
    throw new Error(
      `${addon.name}: ${name} contracts, and release ${others.join(', ')} still serves. What came before it is applied; stop that release, then migrate again.`,
    );
  }

  /** Code that is older than this no longer finds what it uses. An addon that is not recorded yet has no older code. */
  private async leaveBehind(runner: QueryRunner, { name, version }: Addon): Promise<void> {
    await runner.query('UPDATE kernel_addon SET serves_from = $2 WHERE name = $1', [name, version]);
  }

  private async record(addon: Addon, known: InstalledAddon | undefined): Promise<void> {
    const since = known ? (known.absence?.since ?? null) : this.options.kernel.version;
    const binds = await bindingsOf(this.query, addon.name, tablePrefix(addon));
    await this.query(
      `INSERT INTO kernel_addon (name, version, installed_at, depends, retention, serves_from, absence)
       VALUES ($1, $2, now(), $3, $4, $2, $5)
       ON CONFLICT (name) DO UPDATE SET version = excluded.version, depends = excluded.depends,
         retention = excluded.retention, absence = excluded.absence, serves_from = coalesce(kernel_addon.serves_from, kernel_addon.version)`,
      [
        ...[addon.name, addon.version, addon.depends.map((other) => other.name)],
        JSON.stringify(shorterThanTax(addon)),
        JSON.stringify(absenceOf(addon, since, binds)),
      ],
    );
  }

  private async isApplied(addon: Addon, name: string): Promise<boolean> {
    const rows = await this.query('SELECT 1 FROM kernel_migration WHERE addon = $1 AND name = $2', [
      addon.name,
      name,
    ]);
    return rows.length > 0;
  }

  private async inTransaction(work: (runner: QueryRunner) => Promise<void>): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      await runner.query('SET LOCAL statement_timeout = 0');
      await work(runner);
      await runner.commitTransaction();
    } catch (error) {
      await runner.rollbackTransaction();
      throw error;
    } finally {
      await runner.release();
    }
  }
}

/** The class of each of the addon's events that is not kept as long as tax papers. */
function shorterThanTax({ events, retention }: Addon): Record<string, RetentionClass> {
  const classes = events.map(
    ({ name }) => [name, retention.except?.[name] ?? retention.events] as const,
  );
  return Object.fromEntries(classes.filter(([, kept]) => kept !== 'tax'));
}
