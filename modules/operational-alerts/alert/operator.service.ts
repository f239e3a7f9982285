import { Injectable } from '@nestjs/common';
import { Config, Database, isId, runAsHouse } from '#kernel';
import { alertsConfig } from '../operational-alerts.config.js';

/**
 * The company that operates the installation: its users see and mend what concerns all companies.
 * `OPERATOR_COMPANY_ID` names it; otherwise it is the one that was founded first.
 */
@Injectable()
export class OperatorService {
  private known: string | null = null;

  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  /** Its id, or null while the installation has no company (or not the one that is named). */
  async companyId(): Promise<string | null> {
    this.known ??= await this.find();
    return this.known;
  }

  /** The hosts on private networks that a company's notifications may go to: the operator's alone. */
  async privateHosts(companyId: string): Promise<readonly string[]> {
    const isOperator = companyId === (await this.companyId());
    return isOperator ? this.config.of(alertsConfig).ALERT_PRIVATE_HOSTS : [];
  }

  /** Runs work as the house in that company. @returns null when there is none yet */
  async run<T>(name: string, work: () => Promise<T>): Promise<T | null> {
    const companyId = await this.companyId();
    return companyId === null ? null : runAsHouse(companyId, name, work);
  }

  private async find(): Promise<string | null> {
    const { OPERATOR_COMPANY_ID: named = null } = this.config.of(alertsConfig);
    // Not the oldest instead: it would see what it must not.
    if (named !== null && !isId(named)) return null;
    const [found] = await this.database.rowsWithoutCompany<{ id: string }>(
      `SELECT id FROM kernel_company WHERE $1::uuid IS NULL OR id = $1::uuid
       ORDER BY created_at, id LIMIT 1`,
      [named],
    );
    return found?.id ?? null;
  }
}
