import { Injectable } from '@nestjs/common';
import { Database, defineList, Events, Problem, Records } from '#kernel';
import type { Page } from '#kernel';
import { SiiAdapters } from './adapters.service.js';
import { SiiConnector } from './connector.entity.js';
import { ConnectorChanged, ConnectorSyncAsked } from './connector.events.js';
import type { CreateConnector, EditConnector } from './connector.input.js';
import { ConnectorSettingsRefused } from './connector.problems.js';
import { mappingFaults } from './mapping.js';
import type { PartnerMapping } from './mapping.js';
import { OUTCOMES } from './sii-adapter.js';

/** What clients may ask of the connectors. */
export const connectorList = defineList({
  entity: SiiConnector,
  filters: { createdAt: 'instant' },
  sorts: ['createdAt'],
  sort: '-createdAt',
});

const MAX_STATUSES = 30;

/** The company's ways to the SII. */
@Injectable()
export class ConnectorService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly adapters: SiiAdapters,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<SiiConnector>> {
    return this.database.transaction(() => this.records.page(connectorList, query));
  }

  async show(id: string): Promise<SiiConnector> {
    return this.database.transaction(() => this.records.get(SiiConnector, id));
  }

  /** @throws Problem UnknownConnectorKind, ConnectorNameTaken, ConnectorSettingsRefused */
  async create(input: CreateConnector): Promise<SiiConnector> {
    const { name, kind, active = true, notes = null, baseUrl = null, secretRef = null } = input;
    this.adapters.of(kind);
    const statuses = readStatuses(input.statuses);
    const mapping = readMapping(input.mapping);
    const { webhookSecretRef = null } = input;
    return this.database.transaction(async () => {
      const connector = await this.records.insert(SiiConnector, {
        ...{ name, kind, active, notes, baseUrl, secretRef, statuses },
        ...{ mapping, webhookSecretRef },
        ...{ health: 'unknown', healthAt: null, healthDetail: null },
      });
      await this.tell(connector);
      return connector;
    });
  }

  /** @throws Problem Stale, NotFound, ConnectorSettingsRefused */
  async edit(id: string, input: EditConnector, version: number): Promise<SiiConnector> {
    const { statuses, mapping, ...rest } = input;
    const read = {
      ...(statuses === undefined ? {} : { statuses: readStatuses(statuses) }),
      ...(mapping === undefined ? {} : { mapping: readMapping(mapping) }),
    };
    return this.database.transaction(async () => {
      const connector = await this.records.get(SiiConnector, id, 'update');
      this.records.matchVersion(connector, version);
      await this.records.store(Object.assign(connector, rest, read));
      await this.tell(connector);
      return connector;
    });
  }

  /** Asks for health and news; the worker does, since it calls out. @throws Problem NotFound */
  async sync(id: string): Promise<SiiConnector> {
    return this.database.transaction(async () => {
      const connector = await this.records.get(SiiConnector, id);
      await this.events.publish(ConnectorSyncAsked, {
        subject: subjectOf(connector),
        payload: { connectorId: connector.id },
      });
      return connector;
    });
  }

  private async tell(connector: SiiConnector): Promise<void> {
    await this.events.publish(ConnectorChanged, {
      subject: subjectOf(connector),
      payload: { connectorId: connector.id },
    });
  }
}

export function subjectOf({ id, name }: SiiConnector): { type: string; id: string; label: string } {
  return { type: 'sii-connector.connector', id, label: name };
}

/** @throws Problem ConnectorSettingsRefused with everything that is wrong */
function readMapping(input: unknown): PartnerMapping {
  const faults = mappingFaults(input ?? {});
  if (faults.length > 0) throw new Problem(ConnectorSettingsRefused, { faults });
  return input ?? {};
}

/** @throws Problem ConnectorSettingsRefused */
function readStatuses(input: unknown): Record<string, string> {
  const entries = Object.entries(input ?? {});
  const isMap = typeof (input ?? {}) === 'object' && !Array.isArray(input);
  const fits = entries.every(
    ([word, state]) => word.length <= 40 && OUTCOMES.includes(state as never),
  );
  if (isMap && fits && entries.length <= MAX_STATUSES) {
    return Object.fromEntries(entries) as Record<string, string>;
  }
  const words = OUTCOMES.join(', ');
  const fault = { es: `lleva palabras a ${words}`, en: `takes words to ${words}` };
  throw new Problem(ConnectorSettingsRefused, { faults: [{ field: 'statuses', ...fault }] });
}
