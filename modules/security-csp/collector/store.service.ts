import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { Config, runAsHouse, toProblem } from '#kernel';
import { AppDirectoryService } from '../app/app-directory.service.js';
import type { FoundApp } from '../app/app-directory.service.js';
import { OWN_APP } from '../app/app.entity.js';
import { cspConfig } from '../security-csp.config.js';
import { CollectorService } from './collector.service.js';
import { GroupStoreService } from './group-store.service.js';
import { partsOf } from './part.js';
import type { Part } from './part.js';

const LAST_TRIES = 20;
const LAST_REST_MS = 500;

/**
 * Stores what the collector has taken, turn by turn, in the name of the house and of the app's
 * company. What a turn cannot store waits for the next one, within the bounds of the backlog.
 */
@Injectable()
export class StoreService implements OnModuleInit, BeforeApplicationShutdown {
  private readonly log = new Logger('security-csp');
  private readonly restMs: number;
  private timer: NodeJS.Timeout | null = null;
  private storing: Promise<void> = Promise.resolve();
  private failing = false;

  constructor(
    private readonly collector: CollectorService,
    private readonly directory: AppDirectoryService,
    private readonly groups: GroupStoreService,
    config: Config,
  ) {
    this.restMs = config.of(cspConfig).CSP_STORE_MS;
  }

  onModuleInit(): void {
    this.collector.onArrival(() => this.arm());
  }

  /** The last turn: waits a while for a database that is away. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    await this.store();
    for (let tries = 0; tries < LAST_TRIES && !this.collector.backlog.isEmpty; tries += 1) {
      await sleep(LAST_REST_MS);
      await this.store();
    }
    const { size } = this.collector.backlog;
    if (size > 0)
      this.log.error({ message: 'violation reports are lost at the end', groups: size });
  }

  /** Stores what has come so far. Never fails: what the database does not take waits. */
  store(): Promise<void> {
    this.storing = this.storing.then(() => this.storeTaken());
    return this.storing;
  }

  private arm(): void {
    if (this.timer) return;
    this.timer = setTimeout(() => {
      void this.store().finally(() => {
        this.timer = null;
        if (!this.collector.backlog.isEmpty) this.arm();
      });
    }, this.restMs).unref();
  }

  private async storeTaken(): Promise<void> {
    const { backlog } = this.collector;
    if (backlog.isEmpty) return;
    const taken = backlog.take();
    this.collector.beginTurn();
    for (const part of partsOf(taken)) {
      try {
        const isStored = await this.storePart(part);
        if (!isStored) this.disown(part);
        this.failing = false;
      } catch (error) {
        this.keepOrDrop(part, error);
      }
    }
  }

  /** @returns whether there is an app that it belongs to */
  private async storePart(part: Part): Promise<boolean> {
    const app = await this.directory.find(part.slug || OWN_APP);
    if (!app) return false;
    const stored = await this.inCompanyOf(app, part);
    this.collector.backlog.remember(stored);
    return true;
  }

  private inCompanyOf(app: FoundApp, part: Part): Promise<readonly string[]> {
    return runAsHouse(app.companyId, 'security-csp.collector', () => this.groups.store(app, part));
  }

  /** Nobody's reports are counted with those of the installation's own pages. */
  private disown({ slug, day, groups, hashes, tallies }: Part): void {
    // No company has been founded yet, or this count has gone there already.
    if (slug === '' || slug === OWN_APP) return;
    const kept = [...groups, ...hashes].reduce((sum, { count }) => sum + count, 0);
    const other = tallies.reduce((sum, { tally }) => sum + tally.unreadable + tally.limited, 0);
    this.collector.backlog.note({ slug: '', day }, 'unclaimed', kept + other);
    this.arm();
  }

  /** What the database will never take must not stand in the way of the rest. */
  private keepOrDrop(part: Part, error: unknown): void {
    const { backlog } = this.collector;
    const isLater = toProblem(error).definition.status === 503;
    if (isLater) backlog.putBack(part);
    else {
      const count = [...part.groups, ...part.hashes].reduce((sum, each) => sum + each.count, 0);
      backlog.note(part, 'dropped', count);
    }
    if (isLater && this.failing) return;
    this.failing = isLater;
    const message = isLater ? 'violation reports wait to be stored' : 'reports are not stored';
    this.log.warn({ message, groups: part.groups.length, error: String(error) });
  }
}
