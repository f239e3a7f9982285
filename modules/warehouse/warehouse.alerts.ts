import { alertSignal, defineAlert } from '#kernel';
import { WarehouseCaughtUp, WarehouseLate } from './load/load.events.js';

const LOAD = 'load';

export const warehouseAlerts = [
  defineAlert({
    type: 'warehouse.late',
    severity: 'warning',
    summary: {
      es: 'Los reportes del almacén de datos están atrasados',
      en: 'The reports of the data warehouse are behind',
    },
    scope: 'company',
    raisedBy: [alertSignal(WarehouseLate, () => [LOAD])],
    clearedBy: [alertSignal(WarehouseCaughtUp, () => [LOAD])],
  }),
];
