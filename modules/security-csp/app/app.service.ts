import { Injectable } from '@nestjs/common';
import { currentActor, Database, defineList, Events, Problem, Records } from '#kernel';
import type { Page, Subject } from '#kernel';
import { App, OWN_APP } from './app.entity.js';
import { AppChanged, AppCreated } from './app.events.js';
import type { CreateApp, EditApp } from './app.input.js';
import { HostRefused, SlugTaken, TooManyApps } from './app.problems.js';
import { HOST_PATTERN } from './hosts.js';

const MAX_APPS = 100;

// What a change of an app's oldest version in use makes of the groups that no person has judged.
const RECLASSIFY = `UPDATE security_csp_group
  SET noise = (policy_version < $3) IS TRUE,
      noise_reason = CASE WHEN (policy_version < $3) IS TRUE THEN 'old_policy' END
  WHERE company_id = $1 AND app_id = $2 AND NOT noise_overridden
    AND (noise_reason IS NULL OR noise_reason = 'old_policy')
    AND noise IS DISTINCT FROM ((policy_version < $3) IS TRUE)`;

/** What clients may ask of the apps. */
export const appList = defineList({
  entity: App,
  filters: { slug: 'text' },
  sorts: ['slug', 'createdAt'],
  sort: 'slug',
});

/** The web applications whose reports are collected. */
@Injectable()
export class AppService {
  private readonly listeners: ((slug: string) => void)[] = [];

  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
  ) {}

  /** Whoever remembers apps hears of changes in this process. */
  onChange(listener: (slug: string) => void): void {
    this.listeners.push(listener);
  }

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<App>> {
    return this.database.transaction(() => this.records.page(appList, query));
  }

  async show(id: string): Promise<App> {
    return this.database.transaction(() => this.records.get(App, id));
  }

  /** @throws Problem HostRefused, SlugTaken, TooManyApps */
  async create({ slug, hosts }: CreateApp): Promise<App> {
    const known = checked(hosts);
    const isReserved =
      slug === OWN_APP && (await this.firstCompanyId()) !== currentActor().companyId;
    if (isReserved) throw new Problem(SlugTaken);
    const app = await this.database.transaction(async () => {
      await this.database.lockName(`security-csp.apps ${this.database.companyId}`);
      const all = await this.records.allBeyondRules(App, {});
      if (all.length >= MAX_APPS) throw new Problem(TooManyApps);
      return this.insert(slug, known);
    });
    this.tell(slug);
    return app;
  }

  /** Changes hosts, or which policy versions are in use. @throws Problem HostRefused */
  async edit(id: string, input: EditApp, version: number): Promise<App> {
    const hosts = input.hosts ? { hosts: checked(input.hosts) } : {};
    const app = await this.database.transaction(async () => {
      const found = await this.records.get(App, id, 'update');
      this.records.matchVersion(found, version);
      return this.change(found, { ...input, ...hosts });
    });
    this.tell(app.slug);
    return app;
  }

  /** Says which policy version is the oldest in use, whoever decides that. */
  async retireBefore(id: string, oldestVersion: number | null): Promise<App> {
    const app = await this.database.transaction(async () =>
      this.change(await this.records.get(App, id, 'update'), { oldestVersion }),
    );
    this.tell(app.slug);
    return app;
  }

  /** The app of the installation's own pages, for the company in whose name this runs. */
  async makeOwn(): Promise<void> {
    await this.database.transaction(async () => {
      await this.database.lockName('security-csp.own-app');
      const known = await this.records.find(App, { slug: OWN_APP });
      if (!known) await this.insert(OWN_APP, ['*']);
    });
    this.tell(OWN_APP);
  }

  /** The company that was founded first, or null while there is none. */
  async firstCompanyId(): Promise<string | null> {
    const [first] = await this.database.rowsWithoutCompany<{ id: string }>(
      'SELECT id FROM kernel_company ORDER BY id LIMIT 1',
    );
    return first?.id ?? null;
  }

  private async insert(slug: string, hosts: string[]): Promise<App> {
    const app = await this.records.insert(App, { slug, hosts, oldestVersion: null });
    const payload = { appId: app.id, slug };
    await this.events.publish(AppCreated, { subject: subjectOf(app), payload });
    return app;
  }

  private async change(app: App, input: EditApp): Promise<App> {
    const before = app.oldestVersion;
    const changes = await this.records.store(Object.assign(app, input));
    if (Object.keys(changes).length === 0) return app;
    const { id, slug, oldestVersion } = app;
    if (oldestVersion !== before) {
      await this.database.change(RECLASSIFY, [this.database.companyId, id, oldestVersion]);
    }
    const payload = { appId: id, slug };
    await this.events.publish(AppChanged, { subject: subjectOf(app), payload, changes });
    return app;
  }

  private tell(slug: string): void {
    for (const listener of this.listeners) listener(slug);
  }
}

function subjectOf({ id, slug }: App): Subject {
  return { type: 'security-csp.app', id, label: slug };
}

/** @throws Problem HostRefused */
function checked(hosts: readonly string[]): string[] {
  const known = [...new Set(hosts.map((host) => host.trim().toLowerCase()))];
  const wrong = known.length === 0 ? '' : known.find((host) => !HOST_PATTERN.test(host));
  if (wrong !== undefined) throw new Problem(HostRefused, { extra: { host: wrong } });
  return known;
}
