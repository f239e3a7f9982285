import { Injectable } from '@nestjs/common';
import { AddonRegistry, currentActor, demandStepUp, Problem } from '#kernel';
import type { Actor } from '#kernel';
import { IdentityService } from '#modules/auth';
import { SettingService, UserService } from '#modules/base';
import type { CashSession } from './cash-session.entity.js';
import type { Approval } from './cash-session.input.js';
import { ApprovalRefused, DifferenceNeedsApproval } from './cash-session.problems.js';
import {
  APPROVE,
  BLIND_COUNT,
  CASH_DIFF_ALERT_THRESHOLD,
  SEE_EXPECTED,
} from './cash-session.settings.js';

/** A difference above the company's threshold, and who answers for it, if anybody does. */
export interface HighDifference {
  readonly difference: number;
  readonly threshold: number;
  readonly approver: { readonly id: string; readonly login: string } | null;
}

/** The second person that a high cash difference needs. */
@Injectable()
export class ApprovalService {
  constructor(
    private readonly users: UserService,
    private readonly registry: AddonRegistry,
    private readonly identities: IdentityService,
    private readonly settings: SettingService,
  ) {}

  /**
   * The person whom login and password prove, with a code where that person has an authenticator
   * app. Call it before any row is locked: hashing a
   * password takes its time on purpose.
   *
   * @throws Problem ApprovalRefused, whatever the reason: it tells nothing of accounts
   */
  async prove(approval: Approval | undefined): Promise<Actor | null> {
    if (!approval) return null;
    const person = await this.identities.prove(approval);
    const fits = person?.companyId === currentActor().companyId && person.permissions.has(APPROVE);
    if (!fits) throw new Problem(ApprovalRefused);
    return person;
  }

  /**
   * Judges the difference of a session that is being closed. Who closes somebody else's session
   * with the permission is the second person already, and must have proven lately who they are.
   *
   * @param difference whole pesos, counted minus expected
   * @param proven who approved with a password, if anybody
   * @returns null when the difference is within the threshold
   * @throws Problem auth.step-up-needed
   */
  async judge(
    session: CashSession,
    difference: number,
    proven: Actor | null,
  ): Promise<HighDifference | null> {
    const threshold = await this.settings.value<number>(CASH_DIFF_ALERT_THRESHOLD);
    if (Math.abs(difference) <= threshold) return null;
    const earlier = await this.earlierApprover(session);
    const present = [proven, currentActor()].find(
      (actor) => actor?.permissions.has(APPROVE) && actor.userId !== session.cashierId,
    );
    if (present && present !== proven) demandStepUp();
    const onTheSpot = present?.userId ? { id: present.userId, login: present.login } : null;
    return { difference, threshold, approver: onTheSpot ?? earlier ?? null };
  }

  /**
   * What is answered when nobody answers for a high difference: its figures to those only who may
   * see them. The count that was made stays, so that trying others leaves its traces.
   */
  async refusal({ difference, threshold }: HighDifference): Promise<Problem> {
    const extra = (await this.seesExpected()) ? { difference, threshold } : {};
    return new Problem(DifferenceNeedsApproval, { extra, keepsWork: true });
  }

  /** Whether the actor may see what a session should hold. */
  async seesExpected(): Promise<boolean> {
    if (currentActor().permissions.has(SEE_EXPECTED)) return true;
    return !(await this.settings.value<boolean>(BLIND_COUNT));
  }

  private async earlierApprover(
    session: CashSession,
  ): Promise<{ id: string; login: string } | undefined> {
    if (!session.approvedBy) return undefined;
    const user = await this.users.find(session.approvedBy);
    const may = user?.active && this.registry.permissionsOf(user.roles).has(APPROVE);
    return may ? { id: user.id, login: user.login } : undefined;
  }
}
