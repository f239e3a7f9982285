import { Injectable } from '@nestjs/common';
import {
  Clock,
  currentActor,
  Database,
  defineList,
  Events,
  Problem,
  Records,
  runAsHouse,
} from '#kernel';
import type { Page, Subject } from '#kernel';
import { AlertIntakeService } from '../alert/alert-intake.service.js';
import { OperatorService } from '../alert/operator.service.js';
import { WrongToken } from '../heartbeat/heartbeat.problems.js';
import { hashToken, newToken } from '../heartbeat/token.js';
import { Source } from './source.entity.js';
import { SourceChanged, SourceCreated } from './source.events.js';
import type { CreateSource, EditSource, Signal } from './source.input.js';
import { TooManySources, TypeNotAllowed, TypeNotRaised } from './source.problems.js';

const MAX_SOURCES = 100;

/** What clients may ask of the sources. */
export const sourceList = defineList({
  entity: Source,
  filters: { name: 'text', active: 'boolean' },
  sorts: ['name', 'createdAt'],
  sort: 'name',
});

/** Programs outside of the house, and what they say. */
@Injectable()
export class SourceService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly intake: AlertIntakeService,
    private readonly operator: OperatorService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Source>> {
    return this.database.transaction(() => this.records.page(sourceList, query));
  }

  async show(id: string): Promise<Source> {
    return this.database.transaction(() => this.records.get(Source, id));
  }

  /**
   * @returns the source, and its token, this once
   * @throws Problem SourceNameTaken, UnknownAlertType, TypeNotRaised, TooManySources
   */
  async create(input: CreateSource): Promise<{ source: Source; token: string }> {
    const types = await this.allowed(input.types);
    const token = newToken();
    return this.database.transaction(async () => {
      await this.database.lockName(`operational-alerts.sources ${this.database.companyId}`);
      const known = await this.records.allBeyondRules(Source, {});
      if (known.length >= MAX_SOURCES) throw new Problem(TooManySources);
      const { name } = input;
      const draft = { name, types, active: true, tokenHash: hashToken(token) };
      const source = await this.records.insert(Source, draft);
      const payload = { sourceId: source.id };
      await this.events.publish(SourceCreated, { subject: subjectOf(source), payload });
      return { source, token };
    });
  }

  async edit(id: string, input: EditSource, version: number): Promise<Source> {
    const types = input.types ? { types: await this.allowed(input.types) } : {};
    return this.database.transaction(async () => {
      const source = await this.records.get(Source, id, 'update');
      this.records.matchVersion(source, version);
      const changes = await this.records.store(Object.assign(source, input, types));
      if (Object.keys(changes).length === 0) return source;
      const payload = { sourceId: id };
      await this.events.publish(SourceChanged, { subject: subjectOf(source), payload, changes });
      return source;
    });
  }

  /**
   * A program says that something is wrong, or well again.
   *
   * @throws Problem WrongToken, TypeNotAllowed
   */
  async signal(name: string, tokenHash: string, signal: Signal): Promise<void> {
    const [found] = await this.database.rowsWithoutCompany<{
      id: string;
      companyId: string;
      name: string;
    }>('SELECT id, company_id AS "companyId", name FROM operational_alerts_find_source($1)', [
      tokenHash,
    ]);
    if (!found || found.name !== name) throw new Problem(WrongToken);
    await runAsHouse(found.companyId, `operational-alerts.source ${name}`, () =>
      this.database.transaction(async () => {
        const source = await this.records.get(Source, found.id);
        await this.take(source, signal);
      }),
    );
  }

  private async take({ name, types }: Source, signal: Signal): Promise<void> {
    const { type, key = '', good, label = name, severity } = signal;
    if (!types.includes(type)) throw new Problem(TypeNotAllowed);
    const now = this.clock.now();
    if (good) return this.intake.good(type, key, now);
    await this.intake.record(type, key, {
      ...{ count: 1, firstAt: now, lastAt: now, label, details: { source: name } },
      ...(severity ? { severity } : {}),
    });
    return undefined;
  }

  /** What events and measurements raise nobody raises by hand, nor the operator's from elsewhere. */
  private async allowed(types: readonly string[]): Promise<string[]> {
    const isOperator = (await this.operator.companyId()) === currentActor().companyId;
    for (const type of types) {
      const { raisedBy = [], scope } = this.intake.definitionOf(type);
      const isOurs = scope === 'company' || isOperator;
      if (raisedBy.length > 0 || !isOurs) throw new Problem(TypeNotRaised, { extra: { type } });
    }
    return [...new Set(types)].sort();
  }
}

function subjectOf({ id, name }: Source): Subject {
  return { type: 'operational-alerts.source', id, label: name };
}
