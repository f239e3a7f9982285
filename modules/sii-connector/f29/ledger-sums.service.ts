import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import { OwnSalesService } from '../own-sales/own-sales.service.js';
import { OWN_SALES } from './ledger-map.js';
import type { LedgerGroup } from './ledger-map.js';
import type { FeeSums } from './rule.js';
import { CREDIT_VAT, HAS_VAT, IS_CREDITLESS, NATURE_OF_ALIKE } from './ledger-sql.js';

// PostgreSQL takes a yes or no for two values and any other expression for as many as there are
// rows: grouped by these it sums in parallel and in memory, by the nature itself it would sort.
const ALIKE = `SELECT book, section, claimed, origin, dte_type, transaction_type,
    corrects_purchase_invoice, ${HAS_VAT} AS has_vat, ${IS_CREDITLESS} AS is_creditless,
    net <> 0 AS has_net,
    sum(documents) AS documents, sum(exempt) AS exempt, sum(net) AS net, sum(${CREDIT_VAT}) AS vat,
    sum(vat_non_recoverable) AS vat_non_recoverable, sum(vat_common_use) AS vat_common_use,
    sum(total) AS total,
    count(*) FILTER (WHERE book = 'purchase' AND vat <> 0 AND fixed_asset_vat <> 0) AS doubled
  FROM sii_connector_document WHERE company_id = $1 AND period = $2
  GROUP BY book, section, claimed, origin, dte_type, transaction_type, corrects_purchase_invoice,
    8, 9, 10`;

const GROUPS = `SELECT book, section, claimed, origin, dte_type AS "dteType",
    transaction_type AS "transactionType", ${NATURE_OF_ALIKE} AS nature,
    corrects_purchase_invoice AS "correctsPurchaseInvoice",
    sum(documents)::float8 AS documents, sum(exempt)::float8 AS exempt, sum(net)::float8 AS net,
    sum(vat)::float8 AS vat, sum(vat_non_recoverable)::float8 AS "vatNonRecoverable",
    sum(vat_common_use)::float8 AS "vatCommonUse", sum(total)::float8 AS total,
    sum(doubled)::integer AS doubled
  FROM (${ALIKE}) AS alike
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
  constructor(
    private readonly database: Database,
    private readonly ownSales: OwnSalesService,
  ) {}

  /** Documents that are alike, summed, in an order that depends on nothing else. */
  async groups(period: string): Promise<LedgerGroup[]> {
    return this.database.transaction(async () => {
      const { companyId } = this.database;
      const groups = await this.database.rowsByPlan<LedgerGroup>(GROUPS, [companyId, period]);
      return [...groups, ...(await this.estimate(period))];
    });
  }

  /** OFITEC's own sales as boletas, while no file has told of the month's sales. */
  private async estimate(period: string): Promise<LedgerGroup[]> {
    const { feedsDraft, orders, gross, net, vat } = await this.ownSales.of(period);
    if (!feedsDraft) return [];
    return [
      {
        ...{ book: 'sale', section: 'REGISTRO', claimed: false, origin: OWN_SALES, dteType: 39 },
        ...{ transactionType: 'DEL_GIRO', nature: 'affected', correctsPurchaseInvoice: false },
        ...{ documents: orders, exempt: 0, net, vat, vatNonRecoverable: 0, vatCommonUse: 0 },
        ...{ total: gross, doubled: 0 },
      },
    ];
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
