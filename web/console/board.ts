// Called by the console for a token that was accepted: its views, one of which is in sight, each asked for while somebody looks.
import { part } from '../element.ts';
import { activityList } from './activity.ts';
import type { ConsoleApi } from './api.ts';
import { connection as connectionTo } from './connection.ts';
import { diallingSwitch } from './dialling.ts';
import { figuresView } from './figures.ts';
import { leadPane } from './lead-pane.ts';
import { leadList } from './leads.ts';
import { noticesOf } from './notices.ts';
import { personForm } from './person.ts';
import { closeQuestion } from './question.ts';
import { suppressionList } from './suppressions.ts';
import { leadInHash, viewInHash, views, type View } from './words.ts';

export interface Board { close(): void }

/** `refused` is called when the server no longer takes the token. */
export const openBoard = (api: ConsoleApi, refused: () => void): Board => {
  const ended = new AbortController();
  const { signal } = ended;
  let view: View = viewInHash(window.location.hash);
  let openId: string | null = null;
  const awake = (): boolean => document.visibilityState === 'visible';
  const seen = (one: View) => (): boolean => awake() && view === one;

  const notices = noticesOf();
  const connection = connectionTo(refused);
  const leads = leadList(api, connection, seen('leads'), signal);
  const pane = leadPane(api, connection, notices, seen('leads'), () => leads.now());
  const suppressions = suppressionList(api, connection, notices, seen('suppressions'));
  const activity = activityList(api, connection, seen('activity'));
  const figures = figuresView(api, connection, notices);
  const person = personForm(api, notices);
  const inSight = { leads: () => { leads.now(); pane.now(); }, suppressions: suppressions.now, activity: activity.now, figures: figures.now, person: () => {} };
  const dialling = diallingSwitch(api, connection, awake, notices, () => inSight.leads());

  const showView = (): void => {
    for (const one of views) {
      part(`view-${one}`, HTMLElement).hidden = one !== view;
      const link = document.querySelector(`nav a[href="#/${one === 'leads' ? '' : one}"]`);
      if (one === view) link?.setAttribute('aria-current', 'page');
      else link?.removeAttribute('aria-current');
    }
  };
  const showOpen = (): void => {
    part('view-leads', HTMLElement).classList.toggle('open', openId !== null);
    leads.mark(openId);
    pane.show(openId);
  };
  const follow = (): void => {
    // The link to the content is none of ours.
    if (!/^(#\/.*)?$/.test(window.location.hash)) return;
    const [wanted, id] = [viewInHash(window.location.hash), leadInHash(window.location.hash)];
    const [turned, closed] = [wanted !== view, openId];
    if (!turned && id === openId) return;
    view = wanted;
    openId = id;
    notices.clear();
    closeQuestion();
    if (turned) showView();
    if (id !== closed) showOpen();
    inSight[view]();
    if (id !== null) part('detail', HTMLElement).focus();
    else if (turned) part(view, HTMLElement).focus();
    else document.querySelector<HTMLElement>(`[data-keep="open-${closed}"]`)?.focus();
  };
  window.addEventListener('hashchange', follow, { signal });
  document.addEventListener('visibilitychange', () => {
    dialling.now();
    if (view !== 'figures') inSight[view]();
  }, { signal });
  showView();
  openId = leadInHash(window.location.hash);
  showOpen();
  if (view === 'figures') figures.now();
  if (openId !== null) part('detail', HTMLElement).focus();

  return {
    close: () => {
      ended.abort();
      for (const one of [dialling, leads, pane, suppressions, activity, figures, person]) one.stop();
      closeQuestion();
      notices.clear();
    },
  };
};
