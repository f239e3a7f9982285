import { Injectable } from '@nestjs/common';
import { Clock, Config, Database, Events, OnEventOutside, OnSchedule, Records } from '#kernel';
import type { ScheduleDefinition, StoredEvent } from '#kernel';
import { CompanyService } from '#modules/base';
import { F29Return } from '../f29/return.entity.js';
import { SiiAdapters } from './adapters.service.js';
import { connectorConfig, secretOf } from './connector.config.js';
import { SiiConnector } from './connector.entity.js';
import { ConnectorSyncAsked, SubmissionQueued, WebhookReceived } from './connector.events.js';
import { subjectOf } from './connector.service.js';
import { Gate } from './gate.js';
import { NotTaken } from './sii-adapter.js';
import type { AdapterReturn } from './adapter-return.js';
import type { AdapterTarget, Outcome, SiiAdapter } from './sii-adapter.js';
import { Submission } from './submission.entity.js';
import type { SubmissionState } from './submission.entity.js';
import { SubmissionService } from './submission.service.js';

/** How many open submissions one round looks after. */
const MANY = 100;

/** After its deadline a call is over; whoever still says `sending` then died. */
const GRACE_MS = 60_000;

export const AskPartners: ScheduleDefinition = {
  name: 'sii-connector.ask-partners',
  cron: '*/5 * * * *',
  summary: 'ask partners what became of the returns that they were given',
  per: 'company',
};

interface Errand {
  readonly submission: Submission;
  readonly connector: SiiConnector;
  readonly adapter: SiiAdapter;
  readonly target: AdapterTarget;
  readonly given: AdapterReturn;
  /** Somebody may have given it already: it is looked up first. */
  readonly isDoubtful: boolean;
  /** The other end said that it has it: it is only asked for news. */
  readonly isThere: boolean;
  /** It is not for this one to give it: somebody is at it, or nobody asked for that. */
  readonly onlyLooks: boolean;
}

/** What somebody who looks after a submission may do. */
type Errands = 'give' | 'look';

/** Carries returns to partners and news back: in the worker, in no request and no transaction. */
@Injectable()
export class CourierService {
  private readonly gates = new Map<string, Gate>();

  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly adapters: SiiAdapters,
    private readonly companies: CompanyService,
    private readonly submissions: SubmissionService,
  ) {}

  /** Gives a submission over; thrown errors bring it back with growing delays. */
  @OnEventOutside(SubmissionQueued)
  async queued({
    payload,
  }: StoredEvent<{ submissionId: string; returnId: string }>): Promise<void> {
    await this.carry(payload.submissionId, 'give');
  }

  /**
   * A partner has news. Nothing is given because of it, and nothing of it is believed: it may be
   * older than what is known, or come before the answer to our own request.
   */
  @OnEventOutside(WebhookReceived)
  async heard({
    payload,
  }: StoredEvent<{ connectorId: string; submissionId: string | null }>): Promise<void> {
    const { connectorId, submissionId } = payload;
    if (submissionId !== null) return this.carry(submissionId, 'look');
    for (const id of await this.open(connectorId)) await faultOf(() => this.carry(id, 'look'));
  }

  /** Health, and news of everything that is open. */
  @OnEventOutside(ConnectorSyncAsked)
  async asked({ payload }: StoredEvent<{ connectorId: string }>): Promise<void> {
    const { connectorId } = payload;
    const connector = await this.database.transaction(() =>
      this.records.get(SiiConnector, connectorId),
    );
    const adapter = this.adapters.of(connector.kind);
    const fault = await faultOf(() => adapter.probe(this.targetOf(connector)));
    await this.noteHealth(connectorId, fault);
    for (const id of await this.open(connectorId)) await faultOf(() => this.carry(id, 'give'));
  }

  /** Asks for news where something is open, and the less often the longer it has been. */
  @OnSchedule(AskPartners)
  async askPartners(): Promise<void> {
    await this.database.transaction(async () => {
      const waiting = await this.database.rows<{ id: string }>(WAITING, [
        this.database.companyId,
        this.clock.now(),
      ]);
      for (const { id } of waiting) {
        const connector = await this.records.get(SiiConnector, id);
        await this.events.publish(ConnectorSyncAsked, {
          subject: subjectOf(connector),
          payload: { connectorId: id },
        });
      }
    });
  }

  private async open(connectorId: string): Promise<string[]> {
    const open = await this.database.transaction(() =>
      this.database.rows<{ id: string }>(OPEN, [this.database.companyId, connectorId, MANY]),
    );
    return open.map(({ id }) => id);
  }

  private async carry(id: string, errands: Errands): Promise<void> {
    const errand = await this.begin(id, errands);
    if (!errand) return;
    const { submission, connector, adapter, target, given } = errand;
    const { isDoubtful, isThere, onlyLooks } = errand;
    const gate = this.gateOf(connector.id);
    try {
      const known = isDoubtful ? await gate.pass(() => adapter.find(target, submission.key)) : null;
      if (isThere && !known) throw new Error('the partner does not know it any more');
      if (onlyLooks && !known) {
        if (errands === 'look') return;
        throw new Error('it is being given to the partner');
      }
      const outcome: Outcome =
        known ?? (await gate.pass(() => adapter.submit(target, given, submission.key)));
      await this.submissions.settle(id, outcome);
    } catch (error) {
      // Whoever gives it tells how that ends; who only looked knows nothing about it.
      if (onlyLooks) throw error;
      const wasTaken = !(error instanceof NotTaken) || isDoubtful;
      const detail = error instanceof Error ? error.message.slice(0, 300) : 'unknown';
      await this.note(id, wasTaken ? 'unknown' : 'queued', detail);
      throw error;
    }
  }

  /** Says first that it is being given: whoever dies now leaves a doubt, and no second submission. */
  private async begin(id: string, errands: Errands): Promise<Errand | null> {
    return this.database.transaction(async () => {
      const submission = await this.records.get(Submission, id, 'update');
      if (!submission.isOpen) return null;
      const isWaiting = submission.state === 'queued';
      // The event that queued it is on its way: it will be given for that.
      if (isWaiting && errands === 'look') return null;
      const connector = await this.records.get(SiiConnector, submission.connectorId);
      const declared = await this.records.get(F29Return, submission.returnId);
      const adapter = this.adapters.of(connector.kind);
      const isDoubtful = !isWaiting;
      const isThere = ['accepted', 'needs_action'].includes(submission.state);
      const onlyLooks = !isThere && (errands === 'look' || this.isUnderWay(submission));
      if (!onlyLooks) {
        submission.attempts += 1;
        if (!isThere) submission.state = 'sending';
        await this.records.store(submission);
      }
      const { rut } = await this.companies.show();
      const { period, revision } = declared;
      const codes = Object.fromEntries(
        Object.entries(declared.codes).map(([code, { value }]) => [code, value]),
      );
      const given = { rut, period, revision, codes };
      const about = { given, isDoubtful, isThere, onlyLooks };
      return { submission, connector, adapter, target: this.targetOf(connector), ...about };
    });
  }

  private async note(id: string, state: SubmissionState, detail: string): Promise<void> {
    await this.database.transaction(async () => {
      const submission = await this.records.get(Submission, id, 'update');
      const isThere = ['accepted', 'needs_action'].includes(submission.state);
      if (!submission.isOpen) return;
      await this.records.store(
        Object.assign(submission, { detail, ...(isThere ? {} : { state }) }),
      );
    });
  }

  private async noteHealth(id: string, fault: string | null): Promise<void> {
    await this.database.transaction(async () => {
      const connector = await this.records.get(SiiConnector, id, 'update');
      const health = fault === null ? 'well' : 'failing';
      const seen = { health, healthAt: this.clock.now(), healthDetail: fault };
      await this.records.store(Object.assign(connector, seen));
    });
  }

  private isUnderWay({ state, updatedAt }: Submission): boolean {
    const { SII_PARTNER_TIMEOUT_MS } = this.config.of(connectorConfig);
    const age = this.clock.now().getTime() - updatedAt.getTime();
    return state === 'sending' && age < SII_PARTNER_TIMEOUT_MS + GRACE_MS;
  }

  /** Where a connector's calls go; the secret is read anew each time. */
  targetOf({ baseUrl, secretRef, statuses, mapping }: SiiConnector): AdapterTarget {
    const { SII_PARTNER_SECRETS } = this.config.of(connectorConfig);
    return { baseUrl, statuses, mapping, secret: secretOf(SII_PARTNER_SECRETS, secretRef) };
  }

  private gateOf(connectorId: string): Gate {
    const { SII_PARTNER_RATE } = this.config.of(connectorConfig);
    const gate = this.gates.get(connectorId) ?? new Gate(SII_PARTNER_RATE.perMinute);
    this.gates.set(connectorId, gate);
    return gate;
  }
}

/**
 * Connectors that are due to be asked: every five minutes in the first hour of what is open, every
 * half hour on its first day, then every three hours. A minute less, since a round takes its time.
 * $1 company, $2 now.
 */
const WAITING = `SELECT c.id FROM sii_connector_connector c
  JOIN sii_connector_submission s ON s.company_id = c.company_id AND s.connector_id = c.id
  WHERE c.company_id = $1 AND s.state NOT IN ('filed', 'rejected')
  GROUP BY c.id
  HAVING $2::timestamptz - coalesce(c.health_at, c.created_at - interval '1 year') >= CASE
    WHEN $2::timestamptz - max(s.created_at) < interval '1 hour' THEN interval '4 minutes'
    WHEN $2::timestamptz - max(s.created_at) < interval '1 day' THEN interval '29 minutes'
    ELSE interval '179 minutes' END`;

const OPEN = `SELECT id FROM sii_connector_submission
  WHERE company_id = $1 AND connector_id = $2 AND state NOT IN ('filed', 'rejected')
  ORDER BY updated_at, id LIMIT $3`;

async function faultOf(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 300) : 'unknown';
  }
}
