import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import {
  businessDay,
  Clock,
  currentActor,
  Database,
  defineList,
  Events,
  Forbidden,
  pick,
  Problem,
  Records,
} from '#kernel';
import type { Page } from '#kernel';
import { ChainService } from '#modules/audit';
import { BranchService } from '#modules/base';
import { CashSession, dayLock } from '../cash-session/cash-session.entity.js';
import { CutSumsService } from './cut-sums.service.js';
import type { CutSums } from './cut-sums.service.js';
import { DailyCut, receivedIn } from './daily-cut.entity.js';
import { DailyCutMade } from './daily-cut.events.js';
import type { CutDay, MakeCut } from './daily-cut.input.js';
import { DayAlreadyCut, DayInFuture, SessionsNotClosed } from './daily-cut.problems.js';

/** What clients may ask of the daily cuts. */
export const dailyCutList = defineList({
  entity: DailyCut,
  filters: { branchId: 'id', businessDate: 'day', createdAt: 'instant' },
  sorts: ['createdAt', 'businessDate'],
  sort: '-createdAt',
});

/** The permission to cut a day while sessions of it are open. */
export const FORCE_CUT = 'payments.daily-cut.force';

/** The cut (corte) of a branch's business day: what its closed sessions took. */
@Injectable()
export class DailyCutService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly branches: BranchService,
    private readonly sums: CutSumsService,
    private readonly chain: ChainService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<DailyCut>> {
    return this.database.transaction(() => this.records.page(dailyCutList, query));
  }

  async show(id: string): Promise<DailyCut> {
    return this.database.transaction(() => this.records.get(DailyCut, id));
  }

  /**
   * Cuts the day. With `force` and the permission for it, sessions that are still open are left to
   * a later cut. A day can be cut again only for sessions that were opened after the last cut,
   * and then sums just those: every session is in exactly one cut.
   *
   * @throws Problem SessionsNotClosed, DayAlreadyCut, DayInFuture, NotFound
   */
  async cut({ branchId, date, force = false }: MakeCut): Promise<DailyCut> {
    if (force && !currentActor().permissions.has(FORCE_CUT)) throw new Problem(Forbidden);
    return this.database.transaction(async () => {
      const branch = await this.branches.show(branchId);
      if (date > businessDay(this.clock.now())) throw new Problem(DayInFuture);
      await this.database.lockName(dayLock(branchId, date));
      const sessions = await this.records.allBeyondRules(CashSession, {
        branchId,
        businessDate: date,
      });
      const waiting = sessions.filter((session) => session.state !== 'closed');
      if (waiting.length > 0 && !force) {
        const cashSessionIds = waiting.map((session) => session.id);
        throw new Problem(SessionsNotClosed, { extra: { cashSessionIds } });
      }
      const earlier = await this.records.allBeyondRules(DailyCut, {
        branchId,
        businessDate: date,
      });
      const fresh = sessions.filter(
        (session) => session.state === 'closed' && session.dailyCutId === null,
      );
      if (earlier.length > 0 && fresh.length === 0) throw new Problem(DayAlreadyCut);

      const cut = await this.records.insert(DailyCut, {
        branchId,
        businessDate: date,
        sequence: earlier.length + 1,
        cutBy: currentActor().userId,
        forced: waiting.length > 0,
        ...(await this.sums.sum(fresh)),
        orders: await this.sums.orderFigures(branchId, date),
        auditAnchor: await this.chain.anchor(),
      });
      for (const session of fresh) {
        session.dailyCutId = cut.id;
        await this.records.store(session);
      }
      await this.events.publish(DailyCutMade, {
        subject: { type: 'payments.daily_cut', id: cut.id, label: `${branch.code} ${date}` },
        payload: {
          ...{ dailyCutId: cut.id, branchId, businessDate: date, total: cut.total },
          received: receivedIn(cut),
        },
      });
      return cut;
    });
  }

  /**
   * A reading (X): the same sums at any time, of every session of the day in whatever state, kept
   * nowhere. All of its figures are of one moment.
   */
  async read({ branchId, date }: CutDay): Promise<DayReading> {
    return this.database.snapshot(async () => {
      const branch = await this.branches.show(branchId);
      const day = { branchId: branch.id, businessDate: date };
      const sessions = await this.records.allBeyondRules(CashSession, day);
      return {
        ...{ ...day, readAt: this.clock.now() },
        ...(await this.sums.sum(sessions)),
        orders: await this.sums.orderFigures(branch.id, date),
      };
    });
  }

  /**
   * Derives every cut of the company again from the rows it sums.
   *
   * @returns the cuts whose figures or hash no longer come out, or whose block of the event log's seal is gone or another
   */
  async differing(): Promise<DailyCut[]> {
    return this.database.transaction(async () => {
      const differing: DailyCut[] = [];
      for (const cut of await this.records.allBeyondRules(DailyCut, {})) {
        const isAnchored = cut.auditAnchor === null || (await this.chain.holds(cut.auditAnchor));
        if (!isAnchored || !(await this.comesOut(cut))) differing.push(cut);
      }
      return differing;
    });
  }

  /** Whether the cut's figures and hash are still what its rows come to. */
  async comesOut(cut: DailyCut): Promise<boolean> {
    const sessions = await this.records.allBeyondRules(CashSession, { dailyCutId: cut.id });
    const rowsHash = await this.hashOf(cut);
    if (rowsHash === null) return false;
    return sameFigures({ ...cut, rowsHash }, await this.sums.sum(sessions));
  }

  /**
   * What the cut's rows must come to: its own hash, or what vouched restatements made of it, one upon the other.
   *
   * @returns null where one of them is vouched for by no event, or does not go on from the one before it
   */
  async hashOf({ id, companyId, rowsHash }: DailyCut): Promise<string | null> {
    const told = await this.database.rows<Told>(RESTATED, [companyId, id]);
    let hash = rowsHash;
    for (const { previousHash, rowsHash: next, isVouched } of told) {
      if (!isVouched || previousHash !== hash) return null;
      hash = next;
    }
    return hash;
  }
}

/** A restatement, and whether its event says the same. */
interface Told {
  readonly previousHash: string;
  readonly rowsHash: string;
  readonly isVouched: boolean;
}

/** An event that retention has taken to its archive (88 months, Código Tributario, art. 200) is not asked for. */
const RESTATED = `SELECT r.previous_hash AS "previousHash", r.rows_hash AS "rowsHash",
    CASE WHEN e.id IS NULL THEN r.created_at < now() - interval '88 months'
      ELSE e.action = 'daily_cut.restated' AND e.payload->>'dailyCutId' = r.daily_cut_id::text
        AND e.payload->>'previousHash' = r.previous_hash AND e.payload->>'rowsHash' = r.rows_hash
    END AS "isVouched"
  FROM payments_cut_restatement r LEFT JOIN kernel_event e ON e.id = r.id AND e.company_id = r.company_id
  WHERE r.company_id = $1 AND r.daily_cut_id = $2 ORDER BY r.created_at, r.id`;

/** A reading of a day. */
export interface DayReading extends CutSums {
  readonly branchId: string;
  readonly businessDate: string;
  readonly readAt: Date;
  readonly orders: DailyCut['orders'];
}

function sameFigures(cut: CutSums, again: CutSums): boolean {
  const keys = [
    'total',
    'payments',
    'byMethod',
    'byCashier',
    'bySession',
    'cash',
    'prepaid',
    'rowsHash',
  ] as const;
  return isDeepStrictEqual(pick(cut, ...keys), pick(again, ...keys));
}
