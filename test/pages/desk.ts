// Called by the tests of what the console does: the page over the real API and the whole domain in memory, as one desk.
import { onTestFinished } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { ADMIN_TOKEN, openDoors } from '#doubles/front-doors.ts';
import { startGateway } from '#local/gateway/server.ts';
import type { World, WorldOptions } from '#doubles/world.ts';
import { visit, type Visit } from './visit.ts';

export interface Desk {
  world: World;
  /** What the API was asked, `POST /api/switch`, polls left out. */
  asked: string[];
  /** While held, whatever changes something is not answered. Call the result to let go. */
  hold: () => () => void;
  /** A reader who has opened the console at this place. `expected`: answers of the server that the browser logs as errors. */
  enter: (hash?: string, expected?: RegExp | null) => Promise<Visit>;
}

/** `site`: what web/build.ts made. */
export const openDesk = async (browser: Browser, site: string, options: WorldOptions = {}): Promise<Desk> => {
  const doors = openDoors(options);
  const asked: string[] = [];
  let held: Promise<void> | undefined;
  const gateway = await startGateway({
    port: 0, site: { directory: site },
    routes: [{
      method: 'ANY', path: '/api/{proxy+}', name: 'api', handler: async (event: Parameters<typeof doors.api>[0]) => {
        const { method } = event.requestContext.http;
        if (method !== 'GET' || event.rawPath.endsWith('/export')) {
          asked.push(`${method} ${event.rawPath}${event.rawQueryString ? `?${event.rawQueryString}` : ''}`);
          await held;
        }
        return doors.api(event);
      },
    }],
  });
  onTestFinished(gateway.stop);
  return {
    world: doors.world, asked,
    hold: () => {
      const gate = Promise.withResolvers<void>();
      held = gate.promise;
      return () => { held = undefined; gate.resolve(); };
    },
    enter: async (hash = '', expected = null) => {
      const visited = await visit(browser, `${gateway.url}/console${hash}`, { acceptDownloads: true }, expected);
      await visited.page.getByLabel('Admin token').fill(ADMIN_TOKEN);
      await visited.page.getByRole('button', { name: 'Open' }).click();
      await visited.page.getByText('Live', { exact: true }).waitFor();
      return visited;
    },
  };
};

/** The notice that stands at the top. */
export const noticeOf = (page: Page, text: string | RegExp): Promise<void> => page.locator('#notices').getByText(text).waitFor();
/** What the open dialog says. */
export const inDialog = (page: Page, text: string | RegExp): Promise<void> => page.getByRole('dialog').getByText(text).waitFor();
export const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
