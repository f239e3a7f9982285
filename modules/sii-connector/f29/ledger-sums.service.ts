import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import type { LedgerGroup } from './ledger-map.js';
import type { FeeSums } from './rule.js';
import { CREDIT_VAT, NATURE } from './ledger-sql.js';

const GROUPS = `SELECT book, section, claimed, origin, dte_type AS "dteType",
    transaction_type AS "transactionType", ${NATURE} AS nature,
    corrects_purchase_invoice AS "correctsPurchaseInvoice",
    sum(documents)::float8 AS documents, sum(exempt)::float8 AS exempt, sum(net)::float8 AS net,
    sum(${CREDIT_VAT})::float8 AS vat, sum(vat_non_recoverable)::float8 AS "vatNonRecoverable",
    sum(vat_common_use)::float8 AS "vatCommonUse", sum(total)::float8 AS total,
    (count(*) FILTER (WHERE book = 'purchase' AND vat <> 0 AND fixed_asset_vat <> 0))::integer
      AS doubled
  FROM sii_connector_document WHERE company_id = $1 AND period = $2
  GROUP BY book, section, claimed, origin, dte_type, transaction_type, 7, corrects_purchase_invoice
  ORDER BY book, section, claimed, origin, dte_type, transaction_type NULLS FIRST, 7,
    corrects_purchase_invoice`;

const FEES = `SELECT count(*)::integer AS documents, coalesce(sum(gross), 0)::float8 AS gross,
    coalesce(sum(withheld), 0)::float8 AS withheld
  FROM sii_connector_fee
  WHERE company_id = $1 AND period = $2 AND NOT voided AND withheld > 0`;

/** Adds a month's ledger up: one statement over its documents, one over its fees. */
@Injectable()
export class LedgerSumsService {
  constructor(private readonly database: Database) {}

  /** Documents that are alike, summed, in an order that depends on nothing else. */
  async groups(period: string): Promise<LedgerGroup[]> {
    return this.database.transaction(() =>
      this.database.rowsByPlan<LedgerGroup>(GROUPS, [this.database.companyId, period]),
    );
  }

  /** Fees of which the company withholds something. */
  async fees(period: string): Promise<FeeSums> {
    return this.database.transaction(async () => {
      const [sums] = await this.database.rowsByPlan<FeeSums>(FEES, [
        ...[this.database.companyId, period],
      ]);
      return sums ?? { documents: 0, gross: 0, withheld: 0 };
    });
  }
}
