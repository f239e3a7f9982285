import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import { OrderFiguresService } from '#modules/sales';
import type { MonthFigures } from '#modules/sales';

/** Tasa de IVA (DL 825, article 14), which prices hold. */
const VAT_PERCENT = 19;

export interface OwnSales extends MonthFigures {
  /** No file has told of the period's sales yet, so that these stand in for them. */
  readonly feedsDraft: boolean;
}

const TOLD = `SELECT EXISTS (SELECT FROM sii_connector_document
  WHERE company_id = $1 AND period = $2 AND book = 'sale') AS told`;

/**
 * What OFITEC itself knows of a month's sales: orders delivered in it, as if each had one boleta.
 * An estimate, and to be shown as one: the SII knows sales by the documents that were given.
 */
@Injectable()
export class OwnSalesService {
  constructor(
    private readonly database: Database,
    private readonly figures: OrderFiguresService,
  ) {}

  /** @param period `YYYYMM` */
  async of(period: string): Promise<OwnSales> {
    return this.database.transaction(async () => {
      const { companyId } = this.database;
      const [row] = await this.database.rowsByPlan<{ told: boolean }>(TOLD, [companyId, period]);
      const sold = await this.figures.ofMonth(period, VAT_PERCENT);
      return { ...sold, feedsDraft: row?.told === false && sold.orders > 0 };
    });
  }
}
