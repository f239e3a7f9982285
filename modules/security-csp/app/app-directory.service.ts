import { Injectable } from '@nestjs/common';
import { Clock, Database, runAsHouse } from '#kernel';
import { AppService } from './app.service.js';
import { OWN_APP, SLUG_PATTERN } from './app.entity.js';

/** An app as a report finds it, before there is a company. */
export interface FoundApp {
  readonly id: string;
  readonly companyId: string;
  readonly slug: string;
  readonly hosts: readonly string[];
  readonly oldestVersion: number | null;
}

/** A change of an app elsewhere is known after so long. */
const FRESH_MS = 5_000;
const MAX_REMEMBERED = 2_000;

const FIND = `SELECT id, company_id AS "companyId", slug, hosts, oldest_version AS "oldestVersion"
  FROM security_csp_find_app($1)`;

/** Whose a report is: apps by their slug, remembered for a moment. */
@Injectable()
export class AppDirectoryService {
  private remembered = new Map<string, { readonly app: FoundApp | null; readonly until: number }>();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly apps: AppService,
  ) {
    apps.onChange((slug) => this.remembered.delete(slug));
  }

  /** Whether it is known of a moment ago that no app has this slug. */
  isUnknown(slug: string): boolean {
    if (!SLUG_PATTERN.test(slug)) return true;
    const known = this.remembered.get(slug);
    return known?.app === null && known.until > this.clock.now().getTime();
  }

  /** The app of a slug, or null. The installation's own is made when it is first asked for. */
  async find(slug: string): Promise<FoundApp | null> {
    const now = this.clock.now().getTime();
    const known = this.remembered.get(slug);
    if (known && known.until > now) return known.app;
    const app = (await this.look(slug)) ?? (slug === OWN_APP ? await this.makeOwn() : null);
    if (this.remembered.size >= MAX_REMEMBERED) this.remembered = new Map();
    this.remembered.set(slug, { app, until: now + FRESH_MS });
    return app;
  }

  private async look(slug: string): Promise<FoundApp | null> {
    const [found] = await this.database.rowsWithoutCompany<FoundApp>(FIND, [slug]);
    return found ?? null;
  }

  /** It belongs to the company that was first: the one that runs the installation. */
  private async makeOwn(): Promise<FoundApp | null> {
    const first = await this.apps.firstCompanyId();
    if (first === null) return null;
    await runAsHouse(first, 'security-csp.collector', () => this.apps.makeOwn());
    return this.look(OWN_APP);
  }
}
