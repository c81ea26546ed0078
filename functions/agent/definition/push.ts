// The agents at ElevenLabs made as their definition says: found or made, compared, and changed where they differ. Called by bin/agent-push.ts.
import { VisibleError } from '#calls/errors.ts';
import type { AgentsApi } from './api.ts';
import { agentBody, OUR_TAG, seatTag, type Seat } from './body.ts';
import { clientTools, type ClientTool } from './client-tools.ts';
import { difference, inWords } from './difference.ts';
import type { Definition } from './document.ts';
import { at, contained, laidOver, nested, textList, type JsonObject } from './json.ts';

export interface PushDeps {
  api: AgentsApi;
  /** One line, or several, for whoever pushes. */
  say: (text: string) => void;
}

/** A seat with the agent that the environment names for it, if it does. */
export interface Place extends Seat {
  agentId: string | undefined;
  /** The variable that the id belongs into. */
  variable: string;
}

export interface Push {
  definition: Definition;
  places: Place[];
  callLimitSeconds: number;
  dryRun: boolean;
  /** Whether an agent that was not made from here may be taken over. */
  adopt: boolean;
}

interface Found {
  place: Place;
  id: string | undefined;
  there: JsonObject | undefined;
}

const TOOL_IDS = 'conversation_config.agent.prompt.tool_ids';
const refused = (code: string, message: string): VisibleError => new VisibleError('conflict', code, message);

/** The agent of a place: the one that the environment names, else one of ours with this name. */
const find = async (api: AgentsApi, place: Place, definition: Definition, adopt: boolean): Promise<Found> => {
  const { carrier, variable } = place;
  if (place.agentId === undefined) {
    const ours = (await api.list()).filter(({ name, tags }) => name === definition.name && tags.includes(OUR_TAG) && tags.includes(seatTag(carrier)));
    if (ours.length > 1) throw refused('agent-ambiguous', `There are ${ours.length} agents named "${definition.name}" with the tag ${seatTag(carrier)}: ${ours.map(({ id }) => id).join(', ')}. Put the right one into ${variable}.`);
    const [found] = ours;
    return { place, id: found?.id, there: found && await api.get(found.id) };
  }
  const there = await api.get(place.agentId);
  if (!there) throw refused('agent-not-found', `There is no agent ${place.agentId}. Check ${variable}, and that it belongs to the region of ELEVENLABS_API_BASE_URL. Leave it empty to have one made.`);
  const tags = textList(there['tags']);
  const other = tags.find((tag) => tag.startsWith(`${OUR_TAG}-`) && tag !== seatTag(carrier));
  if (other && !tags.includes(seatTag(carrier))) throw refused('agent-of-other-carrier', `The agent ${place.agentId} in ${variable} was made for ${other.slice(OUR_TAG.length + 1)}, and its audio has that carrier's format. Leave ${variable} empty to have another one made.`);
  if (!tags.includes(OUR_TAG) && !adopt) throw refused('agent-not-ours', `The agent ${place.agentId} in ${variable} was not made from a document like this one. With --adopt its words, voice and settings are replaced by the document's (--dry-run shows how); leave ${variable} empty to have one made beside it.`);
  return { place, id: place.agentId, there };
};

interface ToolPlan extends ClientTool {
  state: 'same' | 'changed' | 'new';
  id: string | undefined;
}

/** A tool that one of our agents has, or one just like it that nobody of ours has yet, is used; others of the same name are not ours to change. */
const planTools = async (api: AgentsApi, definition: Definition, agents: Found[]): Promise<ToolPlan[]> => {
  const used = new Set(agents.flatMap(({ there }) => textList(at(there, TOOL_IDS))));
  const all = await api.tools();
  return clientTools(definition).map(({ name, config }) => {
    const named = all.filter(({ config: there }) => there['name'] === name);
    const found = named.find(({ id, config: there }) => used.has(id) && contained(config, there)) ?? named.find(({ id }) => used.has(id)) ?? named.find(({ config: there }) => contained(config, there));
    // What is sent replaces the tool: what somebody set beside our fields goes along.
    return { name, config: found ? laidOver(found.config, config) : config, id: found?.id, state: !found ? 'new' : contained(config, found.config) ? 'same' : 'changed' };
  });
};

const writeTools = async (api: AgentsApi, plans: ToolPlan[]): Promise<string[]> => {
  const ids: string[] = [];
  for (const { id, state, ...tool } of plans) {
    if (id !== undefined && state === 'changed') await api.changeTool(id, tool);
    ids.push(id ?? await api.createTool(tool));
  }
  return ids;
};

/** What ElevenLabs stored all the same as it was: a field that it does not know (any more), perhaps. */
const notTaken = (wanted: JsonObject, stored: JsonObject): string[] => {
  const left = difference(wanted, stored).changes;
  return left.length === 0 ? [] : ['  ElevenLabs took the request and these are not as asked:', ...left.map(inWords)];
};

const pushAgent = async ({ api, say }: PushDeps, { place, id, there }: Found, { definition, callLimitSeconds, dryRun }: Push, tools: { plans: ToolPlan[]; ids: string[] }): Promise<string | undefined> => {
  const head = `Agent "${definition.name}" for ${place.carrier} (${place.format})`;
  const wanted = laidOver(agentBody(definition, place, callLimitSeconds), nested(TOOL_IDS, tools.ids));
  if (id === undefined || there === undefined) {
    if (dryRun) {
      say(`${head}\n  new: would be made`);
      return undefined;
    }
    const made = await api.create(wanted);
    say(`${head}: ${made}\n  new`);
    const stored = await api.get(made);
    for (const line of stored ? notTaken(wanted, stored) : []) say(line);
    return made;
  }
  const { changes, patch } = difference(wanted, there);
  const toolsToMake = dryRun ? tools.plans.filter(({ state }) => state === 'new').map(({ name }) => name) : [];
  const lines = [...changes.map(inWords), ...(toolsToMake.length > 0 ? [`  tools: also ${toolsToMake.join(', ')}`] : [])];
  say([`${head}: ${id}`, ...(lines.length > 0 ? lines : ['  nothing to do'])].join('\n'));
  if (changes.length > 0 && !dryRun) {
    for (const line of notTaken(wanted, await api.change(id, patch))) say(line);
  }
  return id;
};

/** Resolves with the agents' ids by the variable that each belongs into; those that a dry run did not make are left out. */
export const pushAgents = async (deps: PushDeps, push: Push): Promise<Record<string, string>> => {
  const { api, say } = deps;
  const { definition, places, dryRun, adopt } = push;
  const twice = places.find(({ agentId }, i) => agentId !== undefined && places.findIndex((other) => other.agentId === agentId) < i);
  if (twice) throw refused('agent-named-twice', `${twice.variable} names the agent of another carrier, and their audio formats differ. Leave it empty to have one made.`);
  const found: Found[] = [];
  for (const place of places) found.push(await find(api, place, definition, adopt));
  const plans = await planTools(api, definition, found);
  const told = plans.filter(({ state }) => state !== 'same').map(({ name, state }) => `  ${name}: ${state}`);
  if (told.length > 0) say(['Tools (shared by the agents of the workspace)', ...told].join('\n'));
  const ids = dryRun ? plans.flatMap(({ id }) => id ?? []) : await writeTools(api, plans);
  const made: Record<string, string> = {};
  for (const one of found) {
    const id = await pushAgent(deps, one, push, { plans, ids });
    if (id !== undefined) made[one.place.variable] = id;
  }
  return made;
};
