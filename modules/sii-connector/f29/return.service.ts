import { Injectable } from '@nestjs/common';
import { Clock, currentActor, Database, defineList, Problem, Records } from '#kernel';
import type { EventDefinition, Page } from '#kernel';
import { SettingService } from '#modules/base';
import { periodOf } from '../tables/period.js';
import { DraftService } from './draft.service.js';
import { F29_FOUR_EYES } from './f29.settings.js';
import { F29Return, findingKey } from './return.entity.js';
import type { ReturnValue, ValueOrigin } from './return.entity.js';
import * as events from './return.events.js';
import type { ReturnFacts } from './return.events.js';
import type { AcknowledgeFinding } from './return.input.js';
import * as problems from './return.problems.js';
import { RETURN_STATES } from './return.states.js';
import { language } from './return.view.js';
import { ReturnStepsService } from './return-steps.service.js';
import type { CodeValue, Finding } from './rule.js';

/** What clients may ask of the returns. */
export const returnList = defineList({
  entity: F29Return,
  filters: { period: 'text', state: RETURN_STATES, createdAt: 'instant' },
  sorts: ['createdAt', 'period'],
  sort: '-createdAt',
});

/** What a return begins with. */
export const EMPTY_RETURN = {
  ...{ state: 'draft' as const, codes: {}, entered: {}, computed: null, proposal: null },
  ...{ ledger: null, fees: null, carried: null, findings: [], acknowledgements: [] },
  ...{ computedAt: null, dueDate: null, amount: 0, alreadyPaid: 0, approvedBy: null },
  ...{ exportedAt: null, folio: null, filedOn: null, paidOn: null, paidAmount: null },
  ...{ rectifiesId: null, rectifiedById: null },
};

/** The return of a month, step by step; nobody files it but on the SII's own site. */
@Injectable()
export class ReturnService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly clock: Clock,
    private readonly drafts: DraftService,
    private readonly settings: SettingService,
    private readonly steps: ReturnStepsService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<F29Return>> {
    return this.database.transaction(() => this.records.page(returnList, query));
  }

  async show(id: string): Promise<F29Return> {
    return this.database.transaction(() => this.records.get(F29Return, id));
  }

  /** The latest return of a period, or null. */
  async latest(period: string): Promise<F29Return | null> {
    return this.database.transaction(async () => {
      const known = await this.records.all(F29Return, { period });
      return known.sort((a, b) => a.revision - b.revision).at(-1) ?? null;
    });
  }

  /** Begins the primitive return of a period. @throws Problem ReturnExists, PeriodNotOver */
  async open(period: string): Promise<F29Return> {
    return this.database.transaction(async () => {
      if (period > periodOf(this.steps.today)) throw new Problem(problems.PeriodNotOver);
      if (await this.records.find(F29Return, { period, revision: 1 })) {
        throw new Problem(problems.ReturnExists);
      }
      const preparedBy = currentActor().userId;
      const draft = { ...EMPTY_RETURN, period, revision: 1, preparedBy };
      const declared = await this.records.insert(F29Return, draft);
      await this.steps.tell(events.F29Opened, declared);
      return declared;
    });
  }

  /** Works the codes out of the month's documents. @throws Problem ReturnNotInState, NotFound */
  async compute(id: string): Promise<F29Return> {
    return this.prepare(id, 'compute', events.F29Computed, (declared) =>
      this.drafts.compute(declared),
    );
  }

  /**
   * Writes codes by hand; null takes a value back. Totals follow.
   *
   * @throws Problem ReturnNotInState, Stale, NotFound
   */
  async type(
    id: string,
    codes: ReadonlyMap<string, CodeValue | null>,
    version: number,
  ): Promise<F29Return> {
    return this.prepare(id, 'type', events.F29Typed, async (declared) => {
      this.records.matchVersion(declared, version);
      await this.enter(declared, codes, 'typed');
    });
  }

  /** Keeps the SII's own proposal beside the return, to compare. @throws Problem Stale, NotFound */
  async bringProposal(
    id: string,
    codes: ReadonlyMap<string, CodeValue | null>,
    version: number,
  ): Promise<F29Return> {
    return this.prepare(id, 'type', events.F29ProposalBrought, async (declared) => {
      this.records.matchVersion(declared, version);
      const numbers = [...codes].filter(([, value]) => typeof value === 'number');
      declared.proposal = Object.fromEntries(numbers) as Record<string, number>;
      await this.drafts.work(declared);
    });
  }

  /** Takes codes as the proposal has them. @throws Problem NoProposal, ReturnNotInState, NotFound */
  async takeProposed(id: string, codes: readonly string[]): Promise<F29Return> {
    return this.prepare(id, 'type', events.F29Typed, async (declared) => {
      const taken = codes.map((code): [string, number] => {
        const value = declared.proposal?.[code];
        if (value === undefined)
          throw new Problem(problems.NoProposal, { extra: { codes: [code] } });
        return [code, value];
      });
      await this.enter(declared, new Map(taken), 'imported');
    });
  }

  /** Answers for warnings. @throws Problem FindingAbsent, ReturnNotInState, NotFound */
  async acknowledge(id: string, inputs: readonly AcknowledgeFinding[]): Promise<F29Return> {
    return this.database.transaction(async () => {
      const declared = await this.records.get(F29Return, id, 'update');
      declared.demand('validate');
      const [by, at] = [currentActor().userId, this.clock.now().toISOString()];
      const told = inputs.flatMap(({ rule, code, reason }) => {
        const meant = declared.findings.filter(
          (each) => each.rule === rule && (code === undefined || each.code === code),
        );
        if (meant.length === 0) throw new Problem(problems.FindingAbsent, { extra: { rule } });
        return meant.map((each) => ({
          ...{ key: findingKey(each), rule, code: each.code, reason, by, at },
        }));
      });
      const keys = new Set(told.map(({ key }) => key));
      const kept = declared.acknowledgements.filter(({ key }) => !keys.has(key));
      declared.acknowledgements = [...kept, ...told];
      const changes = { acknowledgements: { after: told } };
      await this.records.store(declared);
      await this.steps.tell(events.F29Acknowledged, declared, { changes });
      return declared;
    });
  }

  /**
   * Approves: the documents are still the same, no rule finds an error, and somebody answers for
   * each warning.
   *
   * @throws Problem ReturnHasErrors, WarningsOpen, SecondPersonNeeded, ReturnNotInState, NotFound
   */
  async validate(id: string): Promise<F29Return> {
    return this.steps.step(id, async (declared) => {
      declared.demand('validate');
      const actor = currentActor().userId;
      const fourEyes = await this.settings.value<boolean>(F29_FOUR_EYES);
      // The house itself is nobody's second person: a command on the machine has no name.
      if (fourEyes && (actor === null || actor === declared.preparedBy)) {
        throw new Problem(problems.SecondPersonNeeded);
      }
      await this.drafts.examineAgain(declared);
      const { findings, acknowledgements } = declared;
      const errors = findings.filter(({ severity }) => severity === 'error');
      if (errors.length > 0) throw new Problem(problems.ReturnHasErrors, told(errors));
      const answered = new Set(acknowledgements.map(({ key }) => key));
      const open = findings.filter(
        (each) => each.severity === 'warning' && !answered.has(findingKey(each)),
      );
      if (open.length > 0) throw new Problem(problems.WarningsOpen, told(open));
      declared.take('validate');
      declared.approvedBy = actor;
      return [events.F29Validated];
    });
  }

  private async enter(
    declared: F29Return,
    codes: ReadonlyMap<string, CodeValue | null>,
    origin: ValueOrigin,
  ): Promise<void> {
    const entered = new Map<string, ReturnValue>(Object.entries(declared.entered));
    for (const [code, value] of codes) {
      if (value === null) entered.delete(code);
      else entered.set(code, { value, origin });
    }
    declared.entered = Object.fromEntries(entered);
    await this.drafts.work(declared);
  }

  /** Work of the preparer: whoever does it last is who may not approve under four eyes. */
  private async prepare(
    id: string,
    step: 'compute' | 'type',
    event: EventDefinition<ReturnFacts>,
    work: (declared: F29Return) => Promise<void>,
  ): Promise<F29Return> {
    return this.steps.step(id, async (declared) => {
      declared.demand(step);
      const wasOut = declared.isOut;
      const isDraft = declared.state === 'draft' && step === 'type';
      await work(declared);
      if (!isDraft) declared.take(step);
      declared.preparedBy = currentActor().userId;
      Object.assign(declared, { approvedBy: null, exportedAt: null, folio: null, filedOn: null });
      return wasOut ? [event, events.F29Reopened] : [event];
    });
  }
}

function told(findings: readonly Finding[]): { extra: { findings: object[] } } {
  return {
    extra: {
      findings: findings
        .slice(0, 100)
        .map(({ detail, ...rest }) => ({ ...rest, detail: detail[language()] })),
    },
  };
}
