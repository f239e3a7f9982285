import { Injectable } from '@nestjs/common';
import {
  AddonRegistry,
  Clock,
  Database,
  defineList,
  Events,
  isDay,
  Problem,
  Records,
  runAsHouse,
} from '#kernel';
import type { EventDefinition, Page, Subject } from '#kernel';
import { Heartbeat, HEARTBEAT_SOURCES, HEARTBEAT_STATES } from './heartbeat.entity.js';
import { HeartbeatChanged, HeartbeatCreated, HeartbeatRecovered } from './heartbeat.events.js';
import type { HeartbeatFacts } from './heartbeat.events.js';
import { dayNumber } from './heartbeat.input.js';
import type { CreateHeartbeat, EditHeartbeat } from './heartbeat.input.js';
import { HeartbeatRefused, TooManyHeartbeats, WrongToken } from './heartbeat.problems.js';
import { spanAfter, spanFrom } from './heartbeat.rule.js';
import { hashToken, newToken } from './token.js';

const MAX_HEARTBEATS = 200;
const MAX_MATCH = 5;
/** Pings closer together than this are one. */
const COALESCE_MS = 5_000;

/** What clients may ask of the heartbeats. */
export const heartbeatList = defineList({
  entity: Heartbeat,
  filters: { name: 'text', source: HEARTBEAT_SOURCES, state: HEARTBEAT_STATES },
  sorts: ['name', 'createdAt'],
  sort: 'name',
});

/** What must happen again and again, and the signs that it did. */
@Injectable()
export class HeartbeatService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly registry: AddonRegistry,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Heartbeat>> {
    return this.database.transaction(() => this.records.page(heartbeatList, query));
  }

  async show(id: string): Promise<Heartbeat> {
    return this.database.transaction(() => this.records.get(Heartbeat, id));
  }

  /**
   * @returns the heartbeat, and the token of its pings, this once
   * @throws Problem HeartbeatRefused, HeartbeatNameTaken, TooManyHeartbeats
   */
  async create(input: CreateHeartbeat): Promise<{ heartbeat: Heartbeat; token: string | null }> {
    const { name, eventName = null, severity = 'warning' } = input;
    if (eventName !== null && !this.isEvent(eventName)) {
      throw refused(`ningún addon anuncia ${eventName}`, `no addon announces ${eventName}`);
    }
    const rule = ruleOf(input);
    const token = eventName === null ? newToken() : null;
    const span = await spanFrom(rule, this.clock.now());
    return this.database.transaction(async () => {
      await this.demandRoom();
      const heartbeat = await this.records.insert(Heartbeat, {
        ...{ name, eventName, severity, ...rule, ...span },
        source: eventName === null ? 'ping' : 'event',
        state: 'new',
        match: matchOf(input.match, eventName !== null),
        tokenHash: token && hashToken(token),
        lastSeenAt: null,
      });
      await this.announce(HeartbeatCreated, heartbeat);
      return { heartbeat, token };
    });
  }

  /** Changes what is expected, or pauses it; what is expected anew is expected from now on. */
  async edit(id: string, input: EditHeartbeat, version: number): Promise<Heartbeat> {
    const now = this.clock.now();
    return this.database.transaction(async () => {
      const heartbeat = await this.records.get(Heartbeat, id, 'update');
      this.records.matchVersion(heartbeat, version);
      const { paused, severity = heartbeat.severity, ...expected } = input;
      const rule = ruleOf({ ...restOf(heartbeat, expected), ...expected });
      const rests = paused ?? heartbeat.state === 'paused';
      const begins = heartbeat.state === 'paused' && !rests;
      Object.assign(heartbeat, rule, { severity });
      if (rests) Object.assign(heartbeat, { state: 'paused', dueAt: null, sinceAt: null });
      else if (begins || Object.keys(expected).length > 0) {
        const state = heartbeat.state === 'paused' ? 'new' : heartbeat.state;
        Object.assign(heartbeat, { state, ...(await spanFrom(rule, now)) });
      }
      const changes = await this.records.store(heartbeat);
      if (Object.keys(changes).length > 0)
        await this.announce(HeartbeatChanged, heartbeat, changes);
      return heartbeat;
    });
  }

  /** A sign of life from outside, proven by its token alone. @throws Problem WrongToken */
  async ping(name: string, tokenHash: string): Promise<void> {
    const [found] = await this.database.rowsWithoutCompany<{
      id: string;
      companyId: string;
      name: string;
    }>('SELECT id, company_id AS "companyId", name FROM operational_alerts_find_heartbeat($1)', [
      tokenHash,
    ]);
    if (!found || found.name !== name) throw new Problem(WrongToken);
    await runAsHouse(found.companyId, 'operational-alerts.ping', () => this.beat(found.id));
  }

  /** A sign of life, now. */
  async beat(id: string): Promise<void> {
    await this.database.transaction(async () => {
      const heartbeat = await this.records.get(Heartbeat, id, 'update');
      const now = this.clock.now();
      const last = heartbeat.lastSeenAt?.getTime() ?? 0;
      if (heartbeat.state === 'up' && now.getTime() - last < COALESCE_MS) return;
      await this.see(heartbeat, now);
    });
  }

  /** Takes a sign of life of a heartbeat whose row is held. */
  async see(heartbeat: Heartbeat, at: Date): Promise<void> {
    const wasMissed = heartbeat.state === 'down';
    heartbeat.lastSeenAt = at;
    if (heartbeat.state !== 'paused') {
      Object.assign(heartbeat, { state: 'up', ...(await spanAfter(heartbeat, at)) });
    }
    await this.records.store(heartbeat);
    if (wasMissed) await this.announce(HeartbeatRecovered, heartbeat);
  }

  async announce(
    event: EventDefinition<HeartbeatFacts>,
    heartbeat: Heartbeat,
    changes = {},
  ): Promise<void> {
    const { id: heartbeatId, name, severity, state } = heartbeat;
    const lastSeenAt = heartbeat.lastSeenAt?.toISOString() ?? null;
    const payload = { heartbeatId, name, severity, state, lastSeenAt };
    await this.events.publish(event, { subject: subjectOf(heartbeat), payload, changes });
  }

  private isEvent(name: string): boolean {
    return this.registry.addons.some(({ events }) => events.some((event) => event.name === name));
  }

  private async demandRoom(): Promise<void> {
    await this.database.lockName(`operational-alerts.heartbeats ${this.database.companyId}`);
    const known = await this.records.allBeyondRules(Heartbeat, {});
    if (known.length >= MAX_HEARTBEATS) throw new Problem(TooManyHeartbeats);
  }
}

type Rule = Parameters<typeof spanFrom>[0];

/** @throws Problem HeartbeatRefused when it says no time, or two */
function ruleOf(input: Omit<EditHeartbeat, 'paused'>): Rule {
  const { everySeconds = null, byTime = null, byDays, closedDays = [], graceSeconds } = input;
  if ((everySeconds === null) === (byTime === null)) {
    throw refused('diga everySeconds o byTime', 'say everySeconds or byTime');
  }
  const days = (byDays ?? ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']).map(dayNumber);
  if (days.includes(0) || days.length === 0) {
    throw refused('byDays va de mon a sun', 'byDays goes from mon to sun');
  }
  if (!closedDays.every(isDay)) {
    throw refused('closedDays son días AAAA-MM-DD', 'closedDays are days YYYY-MM-DD');
  }
  return {
    everySeconds,
    byTime,
    byDays: byTime === null ? null : [...new Set(days)].sort(),
    skipsHolidays: input.skipsHolidays ?? false,
    closedDays: [...closedDays],
    graceSeconds: graceSeconds ?? 300,
  };
}

/** What an edit leaves as it is; the one kind of time takes the place of the other. */
function restOf(heartbeat: Heartbeat, expected: EditHeartbeat): Omit<EditHeartbeat, 'paused'> {
  const { everySeconds, byTime, skipsHolidays, closedDays, graceSeconds } = heartbeat;
  const byDays = heartbeat.byDays ? { byDays: heartbeat.byDays.map(nameOf) } : {};
  return {
    everySeconds: typeof expected.byTime === 'string' ? null : everySeconds,
    byTime: typeof expected.everySeconds === 'number' ? null : byTime,
    ...{ ...byDays, skipsHolidays, closedDays, graceSeconds },
  };
}

function nameOf(day: number): string {
  return ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'][day - 1] ?? '';
}

function matchOf(match: unknown, isEvent: boolean): Heartbeat['match'] {
  if (match === undefined || match === null) return {};
  const entries = typeof match === 'object' && !Array.isArray(match) ? Object.entries(match) : null;
  const isPlain = entries?.every(([, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value),
  );
  if (!isEvent || !entries || !isPlain || entries.length > MAX_MATCH) {
    throw refused(
      'match es un objeto de hasta cinco campos de un evento',
      'match is an object of up to five fields of an event',
    );
  }
  return match as Heartbeat['match'];
}

function refused(es: string, en: string): Problem {
  return new Problem(HeartbeatRefused, { detail: { es, en } });
}

function subjectOf({ id, name }: Heartbeat): Subject {
  return { type: 'operational-alerts.heartbeat', id, label: name };
}
