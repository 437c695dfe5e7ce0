// Makes the two users of the blog's database with the rights that they need and no others: the API
// reads posts and keeps counters and comments, the content-loader writes posts.
//
// Run by MongoDB's image at its first start, and by `deploy/secrets rotate` again. User and password
// of each are those in the connection string that its service gets as a secret. Running it again
// changes nothing but rights and passwords.
const fs = require('fs');

const POSTS = ['posts', 'releases', 'current'];
// What may be done to a collection that is read and written.
const WRITE = ['find', 'insert', 'update', 'remove', 'createIndex', 'listIndexes', 'collStats'];

function rights(database, collections, actions) {
  return collections.map((collection) => ({ resource: { db: database, collection }, actions }));
}

const ROLES = {
  // Not the posts' own collections: with these it could not change a post if it wanted to. An empty
  // name stands for every collection of the database, so what is written is named one by one.
  api: (database) => [
    ...rights(database, POSTS, ['find', 'listIndexes', 'collStats']),
    ...rights(database, ['counters', 'comments', 'bans'], WRITE),
    { resource: { db: database, collection: '' }, actions: ['listCollections'] },
  ],
  loader: (database) => [
    ...rights(database, POSTS, WRITE),
    // It makes the indexes of all collections, and reads no counter.
    ...rights(database, ['counters'], ['createIndex', 'listIndexes']),
    { resource: { db: database, collection: '' }, actions: ['listCollections'] },
  ],
};

for (const [name, privileges] of Object.entries(ROLES)) {
  const folder = process.env.SECRETS || '/run/secrets';
  const uri = new URL(fs.readFileSync(`${folder}/${name}_mongodb_uri`, 'utf8').trim());
  const [user, pwd] = [uri.username, uri.password].map(decodeURIComponent);
  const database = process.env.MONGODB_DATABASE || 'blog';
  const admin = db.getSiblingDB('admin');
  const role = `inkstack-${name}`;
  const rest = { privileges: privileges(database), roles: [] };
  if (admin.getRole(role)) {
    admin.updateRole(role, rest);
  } else {
    admin.createRole({ role, ...rest });
  }
  if (admin.getUser(user)) {
    admin.updateUser(user, { pwd, roles: [role] });
  } else {
    admin.createUser({ user, pwd, roles: [role] });
  }
  print(`user of ${role} is there`);
}
