import type { Addon } from '#kernel';
import { auditAddon } from '#modules/audit';
import { authAddon } from '#modules/auth';
import { baseAddon } from '#modules/base';
import { operationalAlertsAddon } from '#modules/operational-alerts';
import { paymentsAddon } from '#modules/payments';
import { salesAddon } from '#modules/sales';
import { securityCspAddon } from '#modules/security-csp';
import { siiConnectorAddon } from '#modules/sii-connector';
import { treasuryAddon } from '#modules/treasury';
import { warehouseAddon } from '#modules/warehouse';

/** The addons that ship with OFITEC; the only place that names them all. */
export const shippedAddons: readonly Addon[] = [
  auditAddon,
  authAddon,
  baseAddon,
  operationalAlertsAddon,
  paymentsAddon,
  salesAddon,
  securityCspAddon,
  siiConnectorAddon,
  treasuryAddon,
  warehouseAddon,
];
