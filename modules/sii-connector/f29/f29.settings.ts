import { booleanSetting } from '#kernel';

/** Whether whoever prepared a return may not approve it. */
export const F29_FOUR_EYES = 'F29_FOUR_EYES';

/** Whether returns are due on the 20th and not on the 12th. */
export const F29_ELECTRONIC = 'F29_ELECTRONIC';

export const f29Settings = {
  [F29_FOUR_EYES]: booleanSetting(
    'another person than the one who computed or typed it last approves a Form 29',
    false,
  ),
  [F29_ELECTRONIC]: booleanSetting(
    'files and pays by internet as an electronic invoicer: the Form 29 is due on the 20th, not the 12th',
    true,
  ),
};
