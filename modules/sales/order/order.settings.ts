import { booleanSetting } from '#kernel';

/** Whether an order that is not paid in full may be handed over. */
export const DELIVER_WITH_BALANCE = 'DELIVER_WITH_BALANCE';

export const orderSettings = {
  [DELIVER_WITH_BALANCE]: booleanSetting(
    'hand an order over although a balance is due; the order stays among the unpaid',
    false,
  ),
};
