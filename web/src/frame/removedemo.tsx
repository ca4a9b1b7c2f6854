import { Button, Modal } from "@mantine/core";
import { base } from "../api/base";
import { useRemoveDemo } from "../api/queries";
import "../theme/more.css";

/** RemoveDemo asks before the demo estate is removed. */
export default function RemoveDemo({ onClose }: { onClose: () => void }) {
  const remove = useRemoveDemo();
  return (
    <Modal opened onClose={onClose} title="Remove the demo estate" size={460}>
      <div className="stack">
        <p>Its accounts, findings and history are deleted from this server. Nothing of your own is touched{base ? ", and you go back to your own organisation" : ""}. It can be made again.</p>
        {remove.error && <p role="alert">It could not be removed: {remove.error.message}</p>}
        <div className="row">
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()} data-autofocus>
            Remove it
          </Button>
          <Button variant="default" onClick={onClose}>
            Keep it
          </Button>
        </div>
      </div>
    </Modal>
  );
}
