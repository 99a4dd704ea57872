// Reads a picture from the device and makes it fit the limits of the service.

const MAX_BYTES = 128 * 1024;
const MAX_PIXELS = 512;

/** Side of what a picture is made smaller to, in pixels; then the quality it is kept in. */
const SIZES = [[256, 0.92], [256, 0.75], [160, 0.8], [100, 0.8]];

const TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

const asAddress = blob => new Promise((done, fail) => {
  const reader = new FileReader();
  reader.addEventListener('load', () => done(reader.result));
  reader.addEventListener('error', () => fail(new Error('The picture cannot be read.')));
  reader.readAsDataURL(blob);
});

/** Cut to a square from the middle, drawn `side` pixels wide. */
function squared(image, side, quality) {
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const least = Math.min(image.width, image.height);
  canvas.getContext('2d').drawImage(image, (image.width - least) / 2, (image.height - least) / 2, least, least, 0, 0, side, side);
  return new Promise(done => canvas.toBlob(done, 'image/webp', quality));
}

/** A file as a `data:` address that fits; as it is where it does, since a GIF may move. */
export async function readPicture(file) {
  if (!TYPES.has(file.type)) throw new Error('An avatar is a PNG, JPEG, GIF or WebP picture.');
  const image = await createImageBitmap(file).catch(() => null);
  if (!image) throw new Error('This file is no picture that can be read.');
  if (file.size <= MAX_BYTES && Math.max(image.width, image.height) <= MAX_PIXELS) return asAddress(file);
  for (const [side, quality] of SIZES) {
    const smaller = await squared(image, side, quality);
    if (smaller && smaller.size <= MAX_BYTES) return asAddress(smaller);
  }
  throw new Error('This picture cannot be made small enough.');
}
