import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import {
  Clock,
  currentActor,
  currentContext,
  Database,
  defineList,
  Events,
  Malformed,
  Problem,
  Records,
  runInContext,
  toCsv,
} from '#kernel';
import type { EventDefinition, Page, Subject } from '#kernel';
import { BLOCKED_KINDS, DISPOSITIONS, Group, NOISE_REASONS, VERDICTS } from './group.entity.js';
import { GroupAccepted, GroupMarked, GroupRejected, GroupsExported } from './group.events.js';
import type { GroupFacts } from './group.events.js';
import { GroupView } from './group.view.js';
import type { GroupContext } from './group.view.js';

type Query = Readonly<Record<string, unknown>>;

/**
 * What clients may ask of the groups. They are sorted by reach and not by count: who reports most is
 * a matter of one browser's luck. Nothing that each report changes is sorted by, hence in an index.
 */
export const groupList = defineList({
  entity: Group,
  filters: {
    ...{ app: 'text', appId: 'id', policyHash: 'text', policyVersion: 'integer' },
    ...{ disposition: DISPOSITIONS, directive: 'text', blockedKind: BLOCKED_KINDS },
    ...{ blockedOrigin: 'text', sourceOrigin: 'text', noise: 'boolean' },
    ...{ noiseReason: NOISE_REASONS, verdict: VERDICTS, createdAt: 'instant' },
  },
  sorts: ['createdAt', 'lastDay', 'days', 'pages', 'reporters'],
  sort: '-createdAt',
});

export const EXPORT_FORMATS = { csv: 'text/csv; charset=utf-8' } as const;

const CONTEXT = `SELECT
    (SELECT text FROM security_csp_policy_text WHERE company_id = $1 AND hash = $3) AS policy,
    (SELECT coalesce(json_agg(json_build_object('at', s.created_at, 'report', s.report) ORDER BY s.slot), '[]')
      FROM security_csp_sample s WHERE s.company_id = $1 AND s.group_id = $2) AS samples`;

const COLUMNS: readonly (keyof GroupView)[] = [
  ...(['id', 'app', 'policyVersion', 'policyHash', 'disposition', 'directive'] as const),
  ...(['blockedKind', 'blockedOrigin', 'blockedUrl', 'sourceOrigin', 'documentOrigins'] as const),
  ...(['firstSeenAt', 'lastSeenAt', 'days', 'count', 'pages', 'reporters', 'browsers'] as const),
  ...(['noise', 'noiseReason', 'noiseOverridden', 'noiseNote', 'verdict'] as const),
  ...(['verdictReason', 'verdictBy', 'verdictAt'] as const),
];

/** Groups of reports, and what people make of them. */
@Injectable()
export class GroupService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  async list(query: Query): Promise<Page<Group>> {
    return this.database.transaction(() => this.records.page(groupList, query));
  }

  async show(id: string): Promise<Group> {
    return this.database.transaction(() => this.records.get(Group, id));
  }

  /** A group with its policy and the single reports that are kept of it. */
  async detail(id: string): Promise<{ group: Group; context: GroupContext }> {
    return this.database.transaction(async () => {
      const group = await this.records.get(Group, id);
      const [row] = await this.database.rows<{
        policy: string | null;
        samples: { at: string; report: unknown }[];
      }>(CONTEXT, [this.database.companyId, id, group.policyHash]);
      const samples = row?.samples.map(({ at, report }) => ({ at: new Date(at), report })) ?? [];
      return { group, context: { policy: row?.policy ?? null, samples } };
    });
  }

  /** The app needs what was blocked. */
  async accept(id: string, reason: string): Promise<Group> {
    return this.judge(id, reason, GroupAccepted, (group) =>
      group.accept(currentActor().userId, this.clock.now(), reason),
    );
  }

  /** What was blocked stays blocked. */
  async reject(id: string, reason: string): Promise<Group> {
    return this.judge(id, reason, GroupRejected, (group) =>
      group.reject(currentActor().userId, this.clock.now(), reason),
    );
  }

  /** Says whether it is noise; from then on no rule says otherwise. */
  async mark(id: string, reason: string, noise: boolean): Promise<Group> {
    const change = (group: Group): void => group.mark(noise, reason);
    return this.judge(id, reason, GroupMarked, change, { noise });
  }

  /** All that match, page by page while the client takes them. @throws Problem Malformed */
  async export(query: Query): Promise<Readable> {
    const { format, ...filters } = query;
    const wrong =
      format === 'csv' ? ['limit', 'after', 'sort'].find((name) => name in filters) : 'format';
    if (wrong !== undefined) {
      const [es, en] = ['parámetro desconocido', 'unknown parameter'];
      throw new Problem(Malformed, { faults: [{ field: wrong, es, en }] });
    }
    const first = await this.database.transaction(async () => {
      const page = await this.page(filters, null);
      const { companyId, login } = currentActor();
      const subject = { type: 'base.company', id: companyId, label: `csp groups by ${login}` };
      await this.events.publish(GroupsExported, { subject, payload: { filters } });
      return page;
    });
    return Readable.from(this.lines(filters, first));
  }

  private async *lines(filters: Query, first: Page<Group>): AsyncGenerator<string> {
    const context = currentContext();
    yield toCsv([COLUMNS]);
    for (let page = first; ;) {
      yield toCsv(page.items.map(cells));
      const { next } = page;
      if (next === null || !context) return;
      page = await runInContext(context, () =>
        this.database.transaction(() => this.page(filters, next)),
      );
    }
  }

  private page(filters: Query, after: string | null): Promise<Page<Group>> {
    const paging = { limit: '200', sort: '-createdAt', ...(after ? { after } : {}) };
    return this.records.page(groupList, { ...filters, ...paging });
  }

  private async judge<P extends GroupFacts>(
    id: string,
    reason: string,
    event: EventDefinition<P>,
    change: (group: Group) => void,
    more?: Omit<P, keyof GroupFacts>,
  ): Promise<Group> {
    return this.database.transaction(async () => {
      const group = await this.records.get(Group, id, 'update');
      change(group);
      const changes = await this.records.store(group);
      const { appId, app } = group;
      const payload = { groupId: id, appId, app, ...more } as P;
      await this.events.publish(event, { subject: subjectOf(group), payload, changes, reason });
      return group;
    });
  }
}

/** A group as events name it. */
function subjectOf(group: Group): Subject {
  const { id, app, directive, blockedOrigin, blockedKind } = group;
  const label = `${app}: ${directive} ${blockedOrigin ?? blockedKind}`.slice(0, 200);
  return { type: 'security-csp.group', id, label };
}

function cells(group: Group): unknown[] {
  const view = GroupView.of(group);
  return COLUMNS.map((column) => {
    const value = view[column];
    return Array.isArray(value) ? value.join(' ') : value;
  });
}
