import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database, defineList, Events, Problem, Records } from '#kernel';
import type { Page } from '#kernel';
import { CompanyService } from '#modules/base';
import { FilingService } from '../f29/filing.service.js';
import { F29Return } from '../f29/return.entity.js';
import { SiiAdapters } from './adapters.service.js';
import { SiiConnector } from './connector.entity.js';
import { SubmissionQueued, SubmissionSettled } from './connector.events.js';
import { ConnectorCannot } from './connector.problems.js';
import type { Outcome } from './sii-adapter.js';
import { Submission, SUBMISSION_STATES } from './submission.entity.js';

/** What clients may ask of the submissions. */
export const submissionList = defineList({
  entity: Submission,
  filters: { state: SUBMISSION_STATES, returnId: 'id', connectorId: 'id', createdAt: 'instant' },
  sorts: ['createdAt'],
  sort: '-createdAt',
});

/** Returns that were given to connectors, and what became of them. */
@Injectable()
export class SubmissionService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly adapters: SiiAdapters,
    private readonly companies: CompanyService,
    private readonly filing: FilingService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Submission>> {
    return this.database.transaction(() => this.records.page(submissionList, query));
  }

  async show(id: string): Promise<Submission> {
    return this.database.transaction(() => this.records.get(Submission, id));
  }

  /**
   * Puts a return into the queue of a connector; the worker gives it over after the commit.
   *
   * @throws Problem ConnectorCannot, ReturnNotInState, NotFound
   */
  async send(returnId: string, connectorId: string): Promise<F29Return> {
    return this.database.transaction(async () => {
      const declared = await this.filing.send(returnId);
      const connector = await this.records.get(SiiConnector, connectorId);
      const can = this.adapters.of(connector.kind).capabilities;
      if (!connector.active || !can.includes('submit')) {
        throw new Problem(ConnectorCannot, { extra: { capabilities: can } });
      }
      const earlier = await this.records.all(Submission, { returnId });
      const { rut } = await this.companies.show();
      const submission = await this.records.insert(Submission, {
        ...{ connectorId, returnId, state: 'queued', externalId: null, attempts: 0, detail: null },
        key: keyOf(declared, rut, earlier.length + 1),
      });
      await this.events.publish(SubmissionQueued, {
        subject: { type: 'sii-connector.submission', id: submission.id, label: declared.label },
        payload: { submissionId: submission.id, returnId },
      });
      return declared;
    });
  }

  /** What the other end said. Said again it changes nothing. */
  async settle(id: string, outcome: Outcome): Promise<void> {
    try {
      await this.database.transaction(() => this.record(id, outcome));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // A folio that another return has, a day that cannot be: a person has to look.
      const { definition } = error;
      const detail = `${definition.title.es} (${definition.code})`;
      await this.database.transaction(() =>
        this.record(id, { ...outcome, state: 'needs_action', detail }),
      );
    }
  }

  private async record(id: string, outcome: Outcome): Promise<void> {
    const submission = await this.records.get(Submission, id, 'update');
    if (!submission.isOpen) return;
    const { state, externalId, detail = null, folio, filedOn } = outcome;
    const changes = await this.records.store(
      Object.assign(submission, { state, externalId, detail }),
    );
    if (Object.keys(changes).length === 0) return;
    const { returnId } = submission;
    const declared = await this.records.get(F29Return, returnId);
    const isWaiting = declared.state === 'sent';
    if (isWaiting && state === 'filed' && folio !== undefined && filedOn !== undefined) {
      await this.filing.file(returnId, { folio, filedOn });
    }
    if (isWaiting && state === 'rejected') await this.filing.takeBack(returnId, detail ?? state);
    await this.events.publish(SubmissionSettled, {
      subject: { type: 'sii-connector.submission', id, label: declared.label },
      payload: { submissionId: id, returnId, state },
    });
  }
}

/** Names a submission to the other end: the same return, as often as it is given, once. */
function keyOf({ period, revision, codes }: F29Return, rut: string, attempt: number): string {
  const sorted = Object.keys(codes).sort();
  const content = JSON.stringify(sorted.map((code) => [code, codes[code]?.value]));
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  return [rut, period, revision, hash, attempt].join('-');
}
