"""The public architectures that are measured."""

from __future__ import annotations

import torch
from torch import nn

FIRST = """
torchvision.resnet18 torchvision.mobilenet_v2 torchvision.shufflenet_v2_x0_5
torchvision.densenet121 torchvision.resnext50_32x4d torchvision.regnet_y_400mf
torchvision.efficientnet_b0 torchvision.convnext_tiny torchvision.vit_b_16 torchvision.swin_t
torchvision.swin_v2_t torchvision.maxvit_t torchvision.googlenet torchvision.inception_v3
torchvision.lraspp_mobilenet_v3_large torchvision.deeplabv3_mobilenet_v3_large
timm.vit_tiny_patch16_224 timm.deit3_small_patch16_224 timm.beit_base_patch16_224
timm.xcit_nano_12_p16_224 timm.pvt_v2_b0 timm.coat_tiny timm.levit_128s timm.mobilevit_xxs
timm.repvgg_a0 timm.hrnet_w18_small timm.skresnet18 timm.resnest14d
""".split()

TIMM = """
mobilenetv4_hybrid_medium ghostnetv2_100 ghostnetv3_050 mixnet_s efficientnet_cc_b0_4e
efficientnetv2_rw_t tf_efficientnet_b0 fbnetv3_b rexnet_100 convnextv2_atto convmixer_768_32
cspdarknet53 cs3sedarknet_l edgenext_xx_small efficientformer_l1 efficientformerv2_s0
efficientvit_b0 efficientvit_m0 efficientvim_m1 fastvit_t8 fasternet_t0 mobileone_s0 repghostnet_050
repvit_m0_9 levit_conv_128s mobilevitv2_050 mvitv2_tiny nest_tiny nextvit_small pit_ti_224
poolformer_s12 caformer_s18 pvt_v2_b2_li resmlp_12_224 mixer_s32_224 gmlp_ti16_224
swinv2_cr_tiny_224 twins_svt_small visformer_tiny volo_d1_224 vit_relpos_small_patch16_224
vit_srelpos_small_patch16_224 eva02_tiny_patch14_224 cait_xxs24_224 coat_lite_tiny
coatnet_nano_rw_224 maxvit_rmlp_pico_rw_256 convit_tiny crossvit_tiny_240 davit_tiny
focalnet_tiny_srf gcvit_xxtiny hgnetv2_b0 hiera_tiny_224 inception_next_atto sequencer2d_s shvit_s1
starnet_s050 swiftformer_xs tiny_vit_5m_224 tnt_s_patch16_224 tresnet_m vitamin_small_224 vgg11_bn
selecsls42b bat_resnext26ts botnet26t_256 halonet26t lambda_resnet26t eca_nfnet_l0 nf_regnet_b0
gernet_s gcresnet33ts mambaout_femto csatv2 lcnet_050 hardcorenas_a tinynet_e mobilenetv3_small_050
xcit_tiny_12_p16_224 swin_tiny_patch4_window7_224 naflexvit_base_patch16_gap iformer_t lowformer_b0
cpubone_b0 mobilenetv5_base samvit_base_patch16_224 resnetv2_50x1_bit resnet10t resnet26d
resnetv2_50 resnext50_32x4d resnext26ts seresnet18 seresnext26t_32x4d ecaresnet26t skresnext50_32x4d
res2net50_26w_4s res2next50 resnest26d resnetrs50 resnetblur18 resnetaa34d regnetx_002 regnety_002
regnetz_b16 regnetv_040 densenet121 densenetblur121d rdnet_tiny vovnet39a ese_vovnet19b_dw
ese_vovnet19b_slim dla34 dla60_res2net dpn48b dpn68 hrnet_w18_small_v2 inception_v3 inception_v4
inception_resnet_v2 legacy_xception xception41p xception65 mobilenetv1_100 mobilenetv2_050
mobilenetv3_large_100 mobilenetv4_conv_small mobilenet_edgetpu_v2_xs mnasnet_small semnasnet_075
spnasnet_100 efficientnet_b0 efficientnet_lite0 efficientnet_es tf_efficientnetv2_b0 tf_mixnet_s
tf_mobilenetv3_small_100 fbnetc_100 ghostnet_050 rexnetr_100 lcnetv2_075 convnext_atto
convnext_femto_ols cspresnet50 cspresnext50 darknet17 darknet53 cs3darknet_s efficientvit_l1
fastvit_sa12 mobileclip_s0 repvgg_b0 levit_128 mobilevit_xs pit_ti_distilled_224 poolformerv2_s12
convformer_s18 pvt_v2_b1 mixer_s16_224 swin_s3_tiny_224 swinv2_tiny_window8_256 twins_pcpvt_small
vit_small_patch32_224 vit_small_r26_s32_224 vit_medium_patch16_gap_256
vit_little_patch16_reg4_gap_256 vit_wee_patch16_reg1_gap_256 vit_xsmall_patch16_clip_224
vit_base_patch32_clip_224 vit_betwixt_patch16_reg4_gap_256 deit_tiny_patch16_224
deit_tiny_distilled_patch16_224 deit3_medium_patch16_224 beitv2_base_patch16_224
eva_giant_patch14_224 coat_mini coatnet_0_rw_224 coatnext_nano_rw_224 maxvit_nano_rw_256
maxxvit_rmlp_nano_rw_256 hgnet_tiny tnt_s_legacy_patch16_224 vgg11 selecsls42 lamhalobotnet50ts_256
sehalonet33ts eca_botnext26ts_256 eca_halonext26ts nf_resnet50 nfnet_f0 nfnet_l0 dm_nfnet_f0
gcresnext26ts seresnet33ts legacy_seresnet18 legacy_senet154 legacy_seresnext26_32x4d
cs3se_edgenet_x haloregnetz_b resnet51q sam2_hiera_tiny vit_tiny_r_s16_p8_224 test_vit test_resnet
test_convnext nf_ecaresnet26 nf_seresnet26 skresnet34 seresnext26d_32x4d dla46x_c resnext50d_32x4d
visformer_small vit_dpwee_patch16_reg1_gap_256 vit_pwee_patch16_reg1_gap_256 ese_vovnet39b
wide_resnet50_2 efficientnet_el_pruned resnet33ts regnetz_c16_evos efficientnet_b0_gn
efficientnet_blur_b0 hrnet_w18_ssld tf_efficientnet_lite0 tf_efficientnet_es dpn92 mobilenetv3_rw
edgenext_small_rw convnextv2_femto nasnetalarge pnasnet5large
""".split()


def everything() -> list[str]:
    """All names, those that show most first."""
    import timm
    import torchvision
    known = set(timm.list_models())
    names = FIRST + [f"timm.{name}" for name in TIMM if name in known]
    others = torchvision.models.list_models(module=torchvision.models)
    others += torchvision.models.list_models(module=torchvision.models.segmentation)
    others.sort(key=lambda name: torchvision.models.get_model_weights(
        name).DEFAULT.meta["num_params"])
    names += [f"torchvision.{name}" for name in others]
    return list(dict.fromkeys(names))


class Head(nn.Module):
    """One result of a network that gives several."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """The result named `out`."""
        return self.model(pictures)["out"]


def construct(name: str) -> tuple[nn.Module, int]:
    """A network without trained weights, and the edge of the square pictures it expects."""
    library, architecture = name.split(".", 1)
    torch.manual_seed(1)
    if library == "timm":
        import timm
        model = timm.create_model(architecture, pretrained=False, exportable=True)
        size = model.pretrained_cfg.get("input_size") or (3, 224, 224)
        return model.eval(), int(size[-1])
    import torchvision
    if any(part in architecture for part in ("deeplab", "fcn_", "lraspp")):
        model = torchvision.models.get_model(
            architecture, weights=None, weights_backbone=None)
        return Head(model).eval(), 224
    options = {"init_weights": False} if architecture in ("googlenet", "inception_v3") else {}
    model = torchvision.models.get_model(architecture, weights=None, **options)
    size = {"inception_v3": 299, "swin_v2_t": 256, "swin_v2_s": 256, "swin_v2_b": 256}
    return model.eval(), size.get(architecture, 224)
