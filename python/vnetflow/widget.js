/**
 * Shows the viewer in a notebook: its single page in a frame that can reach nothing, not even the notebook around it.
 *
 * The page asks for files through a channel; this passes its questions on to Python and the answers back.
 */

async function render({ model, el }) {
  // Several views of one widget hear the same messages. Notebooks on plain http have no `crypto.randomUUID`.
  const view = `${Date.now()} ${Math.random()}`;
  const waiting = new Map();
  let asked = 0;

  const hear = (answer, buffers) => {
    const { resolve, reject } = waiting.get(answer.id) ?? {};
    if (resolve === undefined) return;
    waiting.delete(answer.id);
    if (answer.error === undefined) resolve({ answer, bytes: bytesOf(buffers?.[0]) });
    else reject(new Error(answer.error));
  };
  const ask = (wanted) =>
    new Promise((resolve, reject) => {
      const id = `${view} ${asked++}`;
      waiting.set(id, { resolve, reject });
      model.send({ ...wanted, id, view });
    });
  model.on("msg:custom", hear);

  const frame = document.createElement("iframe");
  frame.title = "vnetflow viewer";
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  Object.assign(frame.style, { display: "block", width: "100%", border: "1px solid #8886", borderRadius: "6px" });
  const size = () => (frame.style.height = `${model.get("height")}px`);
  model.on("change:height", size);
  size();

  try {
    const { bytes } = await ask({ want: "page" });
    const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    frame.srcdoc = await new Response(unpacked).text();
    const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
    el.append(frame);
    await loaded;
  } catch (error) {
    el.textContent = error.message;
    return undefined;
  }
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = async ({ data }) => {
    try {
      const { answer, bytes } = await ask(data);
      port1.postMessage({ ...answer, bytes }, bytes === undefined ? [] : [bytes]);
    } catch (error) {
      port1.postMessage({ error: error.message });
    }
  };
  // The frame's origin is none, so it can't be named; it is the one that was just filled.
  frame.contentWindow.postMessage("files", "*", [port2]);

  return () => {
    model.off("msg:custom", hear);
    model.off("change:height", size);
    port1.close();
    frame.remove();
  };
}

/** A buffer of its own: the notebook's may be a part of a larger one. */
function bytesOf(buffer) {
  if (buffer === undefined) return undefined;
  if (buffer instanceof ArrayBuffer) return buffer;
  return buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
}

export default { render };
