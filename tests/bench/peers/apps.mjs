// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The three applications of Cedar's published benchmark, built again from their description: "Cedar: A New Language for
// Expressive, Fast, Safe, and Analyzable Authorization" (OOPSLA 2024), section 5.
//
// As there: a store has n entities of each type, any two of which are connected with a chance of 0.05, and n is 5 to
// 50. Few policies say what the application's relations mean; the data is in the store. The grants are the same
// relations, one by one, for peers that have no such store. Unlike there: half of the requests are allowed, however few
// could be.
import { cedarEntities, cedarSchema, chance, draw, write } from './world.mjs';

/** @typedef {import('./world.mjs').World} World */
/** @typedef {import('./world.mjs').Node} Node */
/** @typedef {import('./world.mjs').Chance} Chance */
/**
 * What Cedar reads, and what requests are made of.
 * @typedef {{ policies: string, entities: object[], schema: string }} Cedar
 * @typedef {Cedar & { targets: string[], actions: Record<string, string[]> }} Made
 */

const CONNECTED = 0.05;

/** @param {number} size @param {(at: number) => string} name */
const named = (size, name) => Array.from({ length: size }, (_, at) => name(at));
/** @param {Chance} random @param {string[]} others */
const connected = (random, others) => others.filter(() => random.happens(CONNECTED));
/** @param {string} uid */
const reference = (uid) => ({ __entity: { type: uid.split('::')[0], id: uid.split('::')[1] } });

/** @param {World} world @param {string | null} principal @param {string[]} actions @param {object} where */
function grant(world, principal, actions, where) {
  const id = `g${world.grants.length}`;
  world.grants.push({ id, principal, actions, type: null, scope: null, exact: false, attr: null, ...where });
}

// --- gdrive: documents and folders, owned by users, shown to users and groups, or public ---

const GDRIVE = `
@id("seen")
permit (principal, action == Action::"read", resource) when { resource in principal.view };
@id("public")
permit (principal, action == Action::"read", resource is Document) when { resource.isPublic };
@id("owned")
permit (principal, action in [Action::"read", Action::"write", Action::"share"], resource)
when { resource in principal.ownedDocuments || resource in principal.ownedFolders };
@id("hand over")
permit (principal, action == Action::"changeOwner", resource is Document)
when { principal.ownedDocuments.contains(resource) };
@id("create")
permit (principal, action == Action::"createDocument", resource is Folder)
when { principal.ownedFolders.contains(resource) };
`;

/** @param {World} world @param {Chance} random @returns {Made} */
function gdrive(world, random) {
  const [users, groups, documents, folders] = ['User::u', 'Group::g', 'Document::d', 'Folder::f'].map((prefix) =>
    named(world.size, (at) => `${prefix}${at}`),
  );
  // What somebody may see stands below a view of his; the view of a group stands below the views of its members.
  const viewOf = (/** @type {string} */ uid) => `View::${uid.replace('::', '-')}`;
  /** @type {Record<string, Node>} */ const store = {};
  for (const group of groups) {
    world.principals[group] = store[group] = { parents: [] };
    store[viewOf(group)] = { parents: [] };
  }
  for (const user of users) {
    const parents = connected(random, groups);
    const [ownedDocuments, ownedFolders] = [connected(random, documents), connected(random, folders)];
    world.principals[user] = { parents };
    for (const document of ownedDocuments) {
      grant(world, user, ['read', 'write', 'share', 'changeOwner'], { scope: document, exact: true });
    }
    for (const folder of ownedFolders) {
      grant(world, user, ['read', 'write', 'share'], { scope: folder });
      grant(world, user, ['createDocument'], { scope: folder, exact: true });
    }
    store[user] = {
      parents,
      attrs: {
        view: reference(viewOf(user)),
        ownedDocuments: ownedDocuments.map(reference),
        ownedFolders: ownedFolders.map(reference),
      },
    };
    store[viewOf(user)] = { parents: [] };
    for (const group of parents) store[viewOf(group)].parents.push(viewOf(user));
  }
  folders.forEach((folder, at) => {
    // Only in earlier ones: no folder is in itself.
    const [parents, viewers] = [connected(random, folders.slice(0, at)), connected(random, [...users, ...groups])];
    world.resources[folder] = { parents };
    store[folder] = { parents: [...parents, ...viewers.map(viewOf)] };
    for (const viewer of viewers) grant(world, viewer, ['read'], { scope: folder });
  });
  for (const document of documents) {
    const [parents, viewers] = [connected(random, folders), connected(random, [...users, ...groups])];
    const attrs = { isPublic: random.happens(0.5) };
    world.resources[document] = { parents, attrs };
    store[document] = { parents: [...parents, ...viewers.map(viewOf)], attrs };
    for (const viewer of viewers) grant(world, viewer, ['read'], { scope: document });
  }
  grant(world, null, ['read'], { type: 'Document', attr: 'isPublic' });
  const user = { view: 'View', ownedDocuments: 'Set<Document>', ownedFolders: 'Set<Folder>' };
  const schema = cedarSchema(
    {
      View: { in: ['View'] },
      Group: {},
      User: { in: ['Group'], attrs: user },
      Folder: { in: ['Folder', 'View'] },
      Document: { in: ['Folder', 'View'], attrs: { isPublic: 'Bool' } },
    },
    [
      { actions: ['read', 'write', 'share'], resources: ['Document', 'Folder'] },
      { actions: ['changeOwner'], resources: ['Document'] },
      { actions: ['createDocument'], resources: ['Folder'] },
    ],
  );
  const everywhere = ['read', 'write', 'share'];
  const actions = { Document: [...everywhere, 'changeOwner'], Folder: [...everywhere, 'createDocument'] };
  return { policies: GDRIVE, entities: cedarEntities(store), schema, targets: [...documents, ...folders], actions };
}

// --- github: repositories of organisations, five levels of access, teams in teams ---

/** Each level may do what those before it may. */
const LEVELS = ['read', 'triage', 'write', 'maintain', 'admin'];
const HOLDERS = ['readers', 'triagers', 'writers', 'maintainers', 'admins'];
/** The levels that a whole organisation's repositories can be given at. */
const ORGANISATION_LEVELS = [0, 2, 4];
/** @param {number} level */
const upTo = (level) => LEVELS.slice(0, level + 1);
/** @param {number} level */
const actionScope = (level) => {
  const listed = upTo(level).map((action) => `Action::"${action}"`);
  return level === 0 ? `action == ${listed[0]}` : `action in [${listed.join(', ')}]`;
};
/** @param {string} holders @param {number} level */
const githubPolicy = (holders, level) =>
  `@id("${holders}")
permit (principal, ${actionScope(level)}, resource) when { principal in resource.${holders} };
`;
const GITHUB = [
  ...HOLDERS.map(githubPolicy),
  ...ORGANISATION_LEVELS.map((level) => githubPolicy(`owner.${HOLDERS[level]}`, level)),
].join('');

/** @param {World} world @param {Chance} random @returns {Made} */
function github(world, random) {
  const [users, teams, repositories, organisations] = ['User::u', 'Team::t', 'Repository::r', 'Organization::o'].map(
    (prefix) => named(world.size, (at) => `${prefix}${at}`),
  );
  const holdersOf = (/** @type {string} */ uid, /** @type {number} */ level) => {
    const [type, id] = uid.split('::');
    return `${type}Holders::${id}-${HOLDERS[level]}`;
  };
  /** @type {Record<string, Node>} */ const store = {};
  /** @param {string} uid @param {number[]} levels */
  const attrs = (uid, levels) =>
    Object.fromEntries(
      levels.map((level) => {
        store[holdersOf(uid, level)] = { parents: [] };
        return [HOLDERS[level], reference(holdersOf(uid, level))];
      }),
    );
  /**
   * Gives somebody access to what he is connected with.
   * @param {string} principal @param {string[]} others @param {number[]} levels
   */
  const given = (principal, others, levels) =>
    connected(random, others).map((other) => {
      const level = random.one(levels);
      grant(world, principal, upTo(level), { scope: other, exact: other.startsWith('Repository') });
      return holdersOf(other, level);
    });

  for (const organisation of organisations) {
    world.principals[organisation] = { parents: [] };
    world.resources[organisation] = { parents: [] };
    store[organisation] = {
      parents: given(organisation, organisations, ORGANISATION_LEVELS),
      attrs: attrs(organisation, ORGANISATION_LEVELS),
    };
  }
  for (const repository of repositories) {
    const owner = random.one(organisations);
    world.resources[repository] = { parents: [owner] };
    store[repository] = { parents: [], attrs: { ...attrs(repository, [0, 1, 2, 3, 4]), owner: reference(owner) } };
  }
  teams.forEach((team, at) => {
    const parents = connected(random, teams.slice(0, at));
    world.principals[team] = { parents };
    store[team] = { parents: [...parents, ...given(team, repositories, [0, 1, 2, 3, 4])] };
  });
  for (const user of users) {
    const parents = [...connected(random, teams), ...connected(random, organisations)];
    world.principals[user] = { parents };
    const direct = [...given(user, repositories, [0, 1, 2, 3, 4]), ...given(user, organisations, ORGANISATION_LEVELS)];
    store[user] = { parents: [...parents, ...direct] };
  }
  const holders = (/** @type {string} */ type, /** @type {number[]} */ levels) => {
    return Object.fromEntries(levels.map((level) => [HOLDERS[level], type]));
  };
  const schema = cedarSchema(
    {
      RepositoryHolders: {},
      OrganizationHolders: {},
      Organization: { in: ['OrganizationHolders'], attrs: holders('OrganizationHolders', ORGANISATION_LEVELS) },
      Team: { in: ['Team', 'RepositoryHolders'] },
      User: { in: ['Team', 'Organization', 'RepositoryHolders', 'OrganizationHolders'] },
      Repository: { attrs: { ...holders('RepositoryHolders', [0, 1, 2, 3, 4]), owner: 'Organization' } },
    },
    [{ actions: LEVELS, resources: ['Repository'] }],
  );
  return {
    policies: GITHUB,
    entities: cedarEntities(store),
    schema,
    targets: repositories,
    actions: { Repository: LEVELS },
  };
}

// --- tinytodo: lists, owned by users, shared with teams ---

const EDITING = ['UpdateList', 'CreateTask', 'UpdateTask', 'DeleteTask'];
const LIST_ACTIONS = ['GetList', ...EDITING, 'DeleteList', 'EditShares'];
const APPLICATION = 'Application::TinyTodo';
const TINYTODO = `
@id("anybody")
permit (principal, action in [Action::"CreateList", Action::"GetLists"], resource == Application::"TinyTodo");
@id("owner")
permit (principal, action, resource is List) when { resource.owner == principal };
@id("reader")
permit (principal, action == Action::"GetList", resource is List)
when { principal in resource.readers || principal in resource.editors };
@id("editor")
permit (principal, action in [${EDITING.map((action) => `Action::"${action}"`).join(', ')}], resource is List)
when { principal in resource.editors };
`;

/** @param {World} world @param {Chance} random @returns {Made} */
function tinytodo(world, random) {
  const [users, teams, lists] = ['User::u', 'Team::t', 'List::l'].map((prefix) => {
    return named(world.size, (at) => `${prefix}${at}`);
  });
  /** @type {Record<string, Node>} */ const store = { [APPLICATION]: { parents: [] } };
  world.resources[APPLICATION] = { parents: [] };
  grant(world, null, ['CreateList', 'GetLists'], { scope: APPLICATION, exact: true });
  teams.forEach((team, at) => {
    const parents = connected(random, teams.slice(0, at));
    world.principals[team] = { parents };
    store[team] = { parents: [...parents, APPLICATION] };
  });
  for (const user of users) {
    const parents = connected(random, teams);
    world.principals[user] = { parents };
    store[user] = { parents: [...parents, APPLICATION] };
  }
  for (const list of lists) {
    const [owner, readers, editors] = [random.one(users), random.one(teams), random.one(teams)];
    const tasks = named(random.below(51), (at) => `task ${at}`).map((name, id) => {
      return { name, id, state: random.happens(0.5) ? 'Checked' : 'Unchecked' };
    });
    world.resources[list] = { parents: [APPLICATION] };
    grant(world, owner, LIST_ACTIONS, { scope: list, exact: true });
    grant(world, readers, ['GetList'], { scope: list, exact: true });
    grant(world, editors, ['GetList', ...EDITING], { scope: list, exact: true });
    store[list] = {
      parents: [APPLICATION],
      attrs: {
        name: list.split('::')[1],
        owner: reference(owner),
        readers: reference(readers),
        editors: reference(editors),
        tasks,
      },
    };
  }
  const task = '{ name: String, id: Long, state: String }';
  const schema = cedarSchema(
    {
      Application: {},
      Team: { in: ['Team', 'Application'] },
      User: { in: ['Team', 'Application'] },
      List: {
        in: ['Application'],
        attrs: { name: 'String', owner: 'User', readers: 'Team', editors: 'Team', tasks: `Set<${task}>` },
      },
    },
    [
      { actions: ['CreateList', 'GetLists'], resources: ['Application'] },
      { actions: LIST_ACTIONS, resources: ['List'] },
    ],
  );
  // The application itself is asked for as often as any one of the lists.
  const targets = [...lists, APPLICATION];
  const actions = { List: LIST_ACTIONS, Application: ['CreateList', 'GetLists'] };
  return { policies: TINYTODO, entities: cedarEntities(store), schema, targets, actions };
}

/** @param {string} root @param {number} size how many entities there are of each type */
export function apps(root, size) {
  for (const [workload, make] of Object.entries({ gdrive, github, tinytodo })) {
    const random = chance(`${workload} ${size}`);
    /** @type {World} */
    const world = {
      workload,
      size,
      unit: 'entities of each type',
      grants: [],
      always: [],
      principals: {},
      resources: {},
    };
    const { policies, entities, schema, targets, actions } = make(world, random);
    const users = Object.keys(world.principals).filter((uid) => uid.startsWith('User::'));
    write(
      root,
      world,
      { policies: policies.trimStart(), entities, schema },
      draw(world, { users, targets, actions }, random),
    );
  }
}
